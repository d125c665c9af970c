/** A line of the log: one piece of text of one thread, or its terminal frame. */
export interface LogRecord {
  /** The thread's number in this log. */
  number: string;
  seq: number;
  kind: 'text' | 'terminal';
  text: string;
}

const TEXT = ' ';
const TERMINAL = '!';

/** JSON escapes line breaks, so a line is a record and a group of them can be cut at line ends. */
export function textRecord(number: string, seq: number, text: string): string {
  return `${number} ${seq}${TEXT}${JSON.stringify(text)}\n`;
}

export function terminalRecord(number: string, seq: number, frame: string): string {
  return `${number} ${seq}${TERMINAL}${JSON.stringify(frame)}\n`;
}

/** The records of a group, in order. */
export function* readRecords(group: string): Generator<LogRecord> {
  for (let at = 0; at < group.length; ) {
    const end = group.indexOf('\n', at);
    const space = group.indexOf(' ', at);
    const quote = group.indexOf('"', space);
    yield {
      number: group.slice(at, space),
      seq: Number(group.slice(space + 1, quote - 1)),
      kind: group[quote - 1] === TERMINAL ? 'terminal' : 'text',
      text: JSON.parse(group.slice(quote, end)) as string,
    };
    at = end + 1;
  }
}
