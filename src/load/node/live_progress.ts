/** Where progress goes; a terminal has its lines rewritten, anything else gets a line a second. */
export interface ProgressOutput {
  isTTY?: boolean;
  columns?: number;
  write: (text: string) => unknown;
}

const TERMINAL_MS = 200;
const PLAIN_MS = 1000;
const CLEAR_LINE = '\x1b[2K';

/** What is shown: one line for pipes, several for a terminal. */
export interface ProgressView {
  line: () => string;
  lines: () => string[];
}

/** Shows the view again and again until the function that it gives is called. */
export function liveProgress(output: ProgressOutput, view: ProgressView): () => void {
  if (output.isTTY !== true) {
    const timer = setInterval(() => output.write(`${view.line()}\n`), PLAIN_MS);
    return () => clearInterval(timer);
  }
  let shown = 0;
  const back = () => (shown > 1 ? `\x1b[${shown - 1}A\r` : '\r');
  const show = () => {
    // Lines that wrap could not be rewritten.
    const lines = view.lines().map((line) => line.slice(0, (output.columns || 80) - 1));
    // A view that got shorter leaves nothing behind.
    while (lines.length < shown) lines.push('');
    output.write(back() + lines.map((line) => CLEAR_LINE + line).join('\n'));
    shown = lines.length;
  };
  const timer = setInterval(show, TERMINAL_MS);
  return () => {
    clearInterval(timer);
    if (shown > 0) output.write(`${back()}\x1b[0J`);
  };
}
