const OLDEST_NODE = 24;

// Checked before anything else is loaded: an older Node.js fails at the first modern line, with a riddle for an error.
if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  console.error(
    `weir: Node.js ${OLDEST_NODE} or newer is needed, this is ${process.versions.node}; use ./weir instead, which installs it.`,
  );
  process.exit(1);
}
await import('../src/cli/main.ts');
