import { lastLine } from '../machine/run_command.ts';

function spoken(line: string): string {
  try {
    const { event } = JSON.parse(line) as { event?: unknown };
    return typeof event === 'string' ? event : line;
  } catch {
    return line.trim();
  }
}

/** Why a process ended, from what it wrote: its last line about an error, else its last line. */
export function lastWords(output: string): string {
  const lines = output.split('\n').filter((line) => !/^\s+at |^Node\.js v|^\s*$/.test(line));
  const telling = lines.findLast((line) => /\b\w*error\b|\[emerg\]|fatal/i.test(line));
  return spoken(telling ?? lastLine(lines.join('\n'))).slice(0, 400);
}
