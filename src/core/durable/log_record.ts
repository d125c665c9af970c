/** A line of the log: one piece of text of one stream, its terminal frame, or the id of a stream that runs. */
export interface LogRecord {
  /** The stream's number in this log. */
  number: string;
  /** Of an id, 0. */
  seq: number;
  kind: 'text' | 'terminal' | 'stream';
  text: string;
}

const KINDS = { ' ': 'text', '!': 'terminal', '@': 'stream' } as const;

/** JSON escapes line breaks, so a line is a record and a group of them can be cut at line ends. */
export function textRecord(number: string, seq: number, text: string): string {
  return `${number} ${seq} ${JSON.stringify(text)}\n`;
}

export function terminalRecord(number: string, seq: number, frame: string): string {
  return `${number} ${seq}!${JSON.stringify(frame)}\n`;
}

/** Says which stream a number is: recovery finds those too that have said nothing yet. */
export function idRecord(number: string, id: string): string {
  return `${number} 0@${JSON.stringify(id)}\n`;
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
      kind: KINDS[group[quote - 1] as keyof typeof KINDS],
      text: JSON.parse(group.slice(quote, end)) as string,
    };
    at = end + 1;
  }
}
