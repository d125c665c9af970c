// The guide's name for ./weir. A Node.js that loads no TypeScript takes this file for plain CommonJS (package.json
// beside it says so), so that it starts with any: no types, no import statements.
const OLDEST_NODE = 26;

if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) {
  import('../src/cli/main.ts');
} else {
  // ./weir fetches a newer one.
  const { spawn } = require('node:child_process');
  const weir = spawn(require('node:path').join(__dirname, '../weir'), process.argv.slice(2), { stdio: 'inherit' });
  // Ctrl-C reaches it too; its end is ours.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => weir.kill('SIGTERM'));
  weir.on('exit', () => process.exit(weir.exitCode ?? 1));
}
