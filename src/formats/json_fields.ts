import { MAX_LEVELS, MAX_VALUES, TOO_DEEP, TOO_MANY } from './json_object.ts';

/** Where a value stands in its text: from `start` up to, without, `end`. */
export interface FieldSpan {
  start: number;
  end: number;
}

const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/**
 * Finds some members of a JSON object without parsing the rest: a body may hold megabytes of images, and nothing in it
 * may cost memory before the request is admitted. What is nested is stepped over, not checked.
 * @param text one character a byte (Latin-1), so that places are places in the bytes
 * @param others found too; of one that is named twice the last counts, as for a parser
 * @returns undefined where this is no object, or names one of the members twice
 */
export function jsonFields(
  text: string,
  names: ReadonlySet<string>,
  others?: ReadonlySet<string>,
): Map<string, FieldSpan> | undefined {
  const found = new Map<string, FieldSpan>();
  let at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== OPEN_OBJECT) return undefined;
  at = skipSpace(text, at + 1);
  if (text.charCodeAt(at) === CLOSE_OBJECT) return skipSpace(text, at + 1) === text.length ? found : undefined;
  for (;;) {
    const keyEnd = stringEnd(text, at);
    if (keyEnd < 0) return undefined;
    const key = keyAt(text, at, keyEnd);
    at = skipSpace(text, keyEnd);
    if (text.charCodeAt(at) !== COLON) return undefined;
    const start = skipSpace(text, at + 1);
    const end = valueEnd(text, start);
    if (end < 0) return undefined;
    if (names.has(key)) {
      if (found.has(key)) return undefined;
      found.set(key, { start, end });
    } else if (others?.has(key)) found.set(key, { start, end });
    at = skipSpace(text, end);
    const next = text.charCodeAt(at);
    if (next === CLOSE_OBJECT) return skipSpace(text, at + 1) === text.length ? found : undefined;
    if (next !== COMMA) return undefined;
    at = skipSpace(text, at + 1);
  }
}

/**
 * What `shapeProblem` says of the body that these bytes are, before they are parsed: to parse what is refused then would
 * keep other streams waiting for seconds. What is no JSON may pass.
 */
export function shapeProblemOfBytes(json: Uint8Array): string | undefined {
  let values = 0;
  let depth = 0;
  let isOpened = false;
  for (let at = 0; at < json.length; at += 1) {
    const code = json[at] as number;
    if (code <= SPACE) continue;
    const isClose = code === CLOSE_OBJECT || code === CLOSE_LIST;
    // A list holds one value more than commas, but where it is empty.
    if (code === COMMA || (isOpened && !isClose)) values += 1;
    if (values > MAX_VALUES) return TOO_MANY;
    isOpened = code === OPEN_OBJECT || code === OPEN_LIST;
    if (isOpened) depth += 1;
    else if (isClose) depth -= 1;
    else if (code === QUOTE) at = closingQuote(json, at + 1);
    if (depth > MAX_LEVELS) return TOO_DEEP;
  }
  return undefined;
}

function closingQuote(json: Uint8Array, from: number): number {
  let at = from;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
}

/** A key may be written with escapes, and is the same key to a parser. */
function keyAt(text: string, start: number, end: number): string {
  const plain = text.slice(start + 1, end - 1);
  if (!plain.includes('\\')) return plain;
  try {
    return JSON.parse(text.slice(start, end));
  } catch {
    return plain;
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) break;
  }
  return at;
}

/** @returns the place after the string that starts at `at`; -1 where none does, or it has no end */
function stringEnd(text: string, at: number): number {
  if (text.charCodeAt(at) !== QUOTE) return -1;
  for (let from = at + 1; ; ) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return -1;
    let before = quote;
    while (before > from && text.charCodeAt(before - 1) === BACKSLASH) before -= 1;
    if ((quote - before) % 2 === 0) return quote + 1;
    from = quote + 1;
  }
}

/** @returns the place after the value that starts at `start`; -1 where it has no end. What is nested is not checked */
export function valueEnd(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return stringEnd(text, start);
  if (first !== OPEN_OBJECT && first !== OPEN_LIST) return scalarEnd(text, start);
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = stringEnd(text, at);
      if (end < 0) return -1;
      at = end - 1;
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) depth += 1;
    else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

/** A number, `true`, `false` or `null`: whatever stands before the next separator, but not nothing. */
function scalarEnd(text: string, start: number): number {
  let at = start;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code <= 32 || code === COMMA || code === CLOSE_OBJECT || code === CLOSE_LIST) break;
  }
  return at === start ? -1 : at;
}
