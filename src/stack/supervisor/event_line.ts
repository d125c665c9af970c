// A full disk costs lines, and not the stack.
process.stdout.on('error', () => {});

/** One line of `supervisor.log`, in the shape of the instances' lines. Goes to stdout, which is that file. */
export function eventLine(level: 'info' | 'warn' | 'error', event: string, fields: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, event, ...fields })}\n`);
}
