import { log } from '@clack/prompts';
import type { PhaseReporter } from '../stack/phases.ts';

const FRAMES = ['◒', '◐', '◓', '◑'];
const FRAME_MS = 120;
const CLEAR_LINE = '\r\u001b[2K';

/** A line per phase, for logs and pipes. */
function plainReporter(output: NodeJS.WriteStream): PhaseReporter {
  const line = (text: string) => void output.write(`weir: ${text}\n`);
  return {
    begin: (title) => line(title),
    note: (text) => line(text),
    end: (_title, result) => result !== undefined && line(result),
    fail: () => undefined,
  };
}

/**
 * A spinner, for people. Not the prompt library's spinner: that one takes over the keyboard and ends the program at
 * Ctrl-C, but a start must undo its work first.
 */
function terminalReporter(output: NodeJS.WriteStream): PhaseReporter {
  let timer: NodeJS.Timeout | undefined;
  const clear = () => {
    clearInterval(timer);
    output.write(CLEAR_LINE);
  };
  const spin = (title: string) => {
    let frame = 0;
    const draw = () => output.write(`${CLEAR_LINE}${FRAMES[frame++ % FRAMES.length]}  ${title}`);
    draw();
    timer = setInterval(draw, FRAME_MS);
  };
  const settings = { output, spacing: 0 };
  let current = '';
  return {
    begin: (title) => {
      current = title;
      spin(title);
    },
    note: (text) => {
      clear();
      log.info(text, settings);
      spin(current);
    },
    end: (title, result) => {
      clear();
      log.success(result === undefined ? title : `${title}: ${result}`, settings);
    },
    fail: (title) => {
      clear();
      log.error(title, settings);
    },
  };
}

/** Shows progress on stderr: a spinner in a terminal, lines elsewhere. */
export function reporter(): PhaseReporter {
  return process.stderr.isTTY ? terminalReporter(process.stderr) : plainReporter(process.stderr);
}

/** A line of progress outside any phase. */
export function say(text: string): void {
  process.stderr.write(`weir: ${text}\n`);
}

/** The result of a command. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
