import { isObject, type JsonObject, parseObject } from '../json_object.ts';

/** What is read of a `chat.completion.chunk`; everything else is let go. */
export interface ChatChunk {
  /** Undefined only where there are none; in an error they are not checked. */
  choices?: readonly ChatChoice[];
  /** To be read by `chatUsageOf`. */
  usage?: unknown;
  error?: unknown;
}

interface ChatChoice {
  index?: number | null;
  delta?: JsonObject;
  finish_reason?: string | null;
  /** OpenRouter's, beside a finish reason that says so. */
  error?: unknown;
}

/**
 * One event's data, its shape checked as far as it is read.
 * @returns undefined for what is no chunk: no JSON, no object, choices that are none
 */
export function parseChatChunk(data: string): ChatChunk | undefined {
  const chunk = parseObject(data);
  if (chunk === undefined || chunk.error) return chunk as ChatChunk | undefined;
  const { choices } = chunk;
  if (choices !== undefined && !(Array.isArray(choices) && choices.every(isChoice))) return undefined;
  return chunk as ChatChunk;
}

function isChoice(choice: unknown): boolean {
  if (!isObject(choice)) return false;
  const { index, delta, finish_reason } = choice;
  const isIndex = index === undefined || index === null || (Number.isSafeInteger(index) && (index as number) >= 0);
  const isReason = finish_reason === undefined || finish_reason === null || typeof finish_reason === 'string';
  return isIndex && isReason && (delta === undefined || isObject(delta));
}

const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const COMMA = 44;
const CHOICES = '"choices":[';
/** How most servers begin a choice that brings text. */
const CONTENT = '{"index":0,"delta":{"content":"';
const DELTA = '"delta":{';
const FINISH = '"finish_reason":';
const ERROR = '"error":';

/**
 * Where the first choice begins, where nothing before it is nested: what a nested object says of choices is not meant.
 * Quotes inside a JSON string are always escaped, so the key can't be part of a text. -1: parse the whole.
 */
function firstChoice(data: string): number {
  const choice = data.indexOf('{', 1);
  const key = choice - CHOICES.length;
  if (key < 1 || !data.startsWith(CHOICES, key) || data.charCodeAt(0) !== OPEN_OBJECT) return -1;
  return key === 1 || data.charCodeAt(key - 1) === COMMA ? choice : -1;
}

/**
 * The content of a chunk that brings nothing else, without parsing the JSON around it: half of what a relayed token
 * costs in this process.
 * @returns undefined where the whole has to be parsed: escapes in the text, a finish reason, usage, another order
 */
export function plainContent(data: string): string | undefined {
  const choice = firstChoice(data);
  if (choice < 0 || !data.startsWith(CONTENT, choice)) return undefined;
  const start = choice + CONTENT.length;
  const end = data.indexOf('"', start);
  // Reasoning, a refusal or a call may stand beside it.
  if (end < 0 || data.charCodeAt(end + 1) !== CLOSE_OBJECT) return undefined;
  if (data.indexOf('{', end) >= 0 || data.indexOf(ERROR, end) >= 0) return undefined;
  const finish = data.indexOf(FINISH, end);
  if (finish < 0 || !data.startsWith('null', finish + FINISH.length)) return undefined;
  if (data.indexOf(FINISH, finish + FINISH.length) >= 0) return undefined;
  const text = data.slice(start, end);
  return text.includes('\\') ? undefined : text;
}

/** How most servers end a chunk in mid-answer: what follows its choices would stand here. */
const PLAIN_END = `${FINISH}null}]}`;

/**
 * Whether this is a chunk in mid-answer, whatever it brings: known by a few searches instead of by parsing. Where one
 * of them is doubtful, the whole is to be parsed.
 */
export function isPlainPiece(data: string): boolean {
  const choice = firstChoice(data);
  if (choice < 0 || data.indexOf(DELTA, choice) < 0 || data.indexOf(ERROR, choice) >= 0) return false;
  const finish = data.indexOf(FINISH, choice);
  if (finish < 0) return false;
  if (finish === data.length - PLAIN_END.length && data.endsWith(PLAIN_END)) return true;
  const value = finish + FINISH.length;
  if (!data.startsWith('null', data.charCodeAt(value) === 32 ? value + 1 : value)) return false;
  return data.indexOf(FINISH, value) < 0 && !data.includes('"usage":{') && !data.includes('"usage": {');
}
