/**
 * Events of one stream as entries of its log. Most repeat what stands around their text: an entry is a whole event,
 * `=…`, or what differs from one before it, `~<its number>,<length of the same beginning>,<of the same end>,…`.
 */

const WHOLE = 61;
const BREAK = /(?:\r\n|\n|\r(?!\n)){2}/g;
/** The first events are kept whole, so that text is compared with text, and not with what begins the answer. */
const FIRST_WHOLE = 3;

/** Events of one frame, each with its end. */
export function splitEvents(frame: string): string[] {
  const events: string[] = [];
  let at = 0;
  if (frame.includes('\r')) {
    for (const { index, 0: lineBreaks } of frame.matchAll(BREAK)) {
      events.push(frame.slice(at, index + lineBreaks.length));
      at = index + lineBreaks.length;
    }
  } else {
    for (let end = frame.indexOf('\n\n'); end >= 0; end = frame.indexOf('\n\n', at)) {
      events.push(frame.slice(at, end + 2));
      at = end + 2;
    }
  }
  if (at < frame.length) events.push(frame.slice(at));
  return events;
}

/** Makes entries of events, in order. */
export class EventPacker {
  #whole = '';
  /** Its number; 0 before there is one. */
  #number = 0;
  #packed = 0;

  /** @param seq of the event; @param alone it has to be readable without others */
  pack(event: string, seq: number, alone = false): string {
    if (alone) return `=${event}`;
    this.#packed += 1;
    const whole = this.#whole;
    const most = Math.min(event.length, whole.length);
    let start = 0;
    while (start < most && event.charCodeAt(start) === whole.charCodeAt(start)) start += 1;
    let end = 0;
    while (
      end < most - start &&
      event.charCodeAt(event.length - 1 - end) === whole.charCodeAt(whole.length - 1 - end)
    ) {
      end += 1;
    }
    if (this.#packed > FIRST_WHOLE && (start + end) * 2 > event.length) {
      return `~${this.#number},${start},${end},${event.slice(start, event.length - end)}`;
    }
    this.#whole = event;
    this.#number = seq;
    return `=${event}`;
  }
}

/** @param seq of the entry, from 1 @throws Error where the entries are none of {@link EventPacker} */
export function unpackEvent(entries: readonly string[], seq: number): string {
  const entry = entries[seq - 1] as string;
  if (entry.charCodeAt(0) === WHOLE) return entry.slice(1);
  const first = entry.indexOf(',');
  const second = entry.indexOf(',', first + 1);
  const third = entry.indexOf(',', second + 1);
  const whole = entries[Number(entry.slice(1, first)) - 1];
  if (whole?.charCodeAt(0) !== WHOLE) throw new Error('an entry of the stream log refers to none');
  const start = Number(entry.slice(first + 1, second));
  const end = Number(entry.slice(second + 1, third));
  return whole.slice(1, 1 + start) + entry.slice(third + 1) + whole.slice(whole.length - end);
}

/** The event with an `id:` line, its last one: where a provider has written one of its own, ours counts. */
export function withId(event: string, id: string): string {
  if (event.endsWith('\n\n')) return `${event.slice(0, -1)}id: ${id}\n\n`;
  if (event.endsWith('\r\n\r\n')) return `${event.slice(0, -2)}id: ${id}\r\n\r\n`;
  return `id: ${id}\n${event}`;
}

/** The data of an event; undefined where it has none. */
export function dataOf(event: string): string | undefined {
  let data: string | undefined;
  for (const line of event.split(/\r\n|\n|\r/)) {
    if (!line.startsWith('data:')) continue;
    const value = line.slice(line.charCodeAt(5) === 32 ? 6 : 5);
    data = data === undefined ? value : `${data}\n${value}`;
  }
  return data;
}
