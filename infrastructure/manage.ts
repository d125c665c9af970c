// The guide's name for ./weir. A Node.js without TypeScript reads this file as plain CommonJS (package.json beside it
// says so). It must therefore work in any version: no types, no import statements.
const OLDEST_NODE = 26;

if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) {
  import('../src/cli/main.ts');
} else {
  // ./weir downloads a newer one.
  const { spawn } = require('node:child_process');
  const weir = spawn(require('node:path').join(__dirname, '../weir'), process.argv.slice(2), { stdio: 'inherit' });
  // Ctrl-C reaches the child too; this process ends when the child does.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => weir.kill('SIGTERM'));
  weir.on('exit', () => process.exit(weir.exitCode ?? 1));
}
