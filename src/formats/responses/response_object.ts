import { type JsonObject, listOf, objectOf, textOf } from '../json_object.ts';
import type { Citation, TokenUsage } from '../stream_part.ts';
import { responsesUsage } from './responses_end.ts';

/** What a response says of itself and repeats of its request. */
export interface ResponsesHead {
  /** `resp_…`; the ids of its items are made of it. */
  id: string;
  /** Unix seconds. */
  created: number;
  model: string;
  /** Fields of the request that a response repeats: instructions, tools, temperature … */
  request: Readonly<Record<string, unknown>>;
}

/** Fields that every response has, with what they are where the request leaves them out. */
const REPEATED = {
  instructions: null,
  max_output_tokens: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  reasoning: { effort: null, summary: null },
  store: false,
  temperature: 1,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_p: 1,
  truncation: 'disabled',
  user: null,
} as const;

/** One item of a response's output. */
export type Item = Record<string, unknown> & { id: string };

/** A response that has begun; one that runs in the background waits first, and is always stored. */
export function emptyResponse({ id, created, model, request }: ResponsesHead) {
  const background = request.background === true;
  const otherwise = { ...REPEATED, store: background };
  const repeated = Object.fromEntries(Object.entries(otherwise).map(([name, value]) => [name, request[name] ?? value]));
  return {
    id,
    object: 'response',
    created_at: created,
    status: background ? 'queued' : 'in_progress',
    background,
    error: null,
    incomplete_details: null,
    model,
    output: [] as Item[],
    ...repeated,
    usage: null,
  };
}

/** @param response as a provider sent it @returns it with all fields that clients rely on */
export function completeResponse(response: JsonObject): JsonObject {
  return {
    object: 'response',
    created_at: 0,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    ...REPEATED,
    ...response,
  };
}

/** The same response at its end. @param why it is incomplete; undefined where it is completed */
export function endedResponse(
  response: ReturnType<typeof emptyResponse>,
  output: Item[],
  why: string | undefined,
  usage: TokenUsage,
) {
  return {
    ...response,
    status: why === undefined ? 'completed' : 'incomplete',
    incomplete_details: why === undefined ? null : { reason: why },
    output,
    usage: responsesUsage(usage),
  };
}

/** What is said in pieces: a part of a message, or of the summary of reasoning. */
export type PartKind = 'output_text' | 'refusal' | 'reasoning';

/** How the events that open and close a part are named. */
export function partEvent(kind: PartKind): string {
  return kind === 'reasoning' ? 'response.reasoning_summary_part' : 'response.content_part';
}

export function emptyPart(kind: PartKind): object {
  if (kind === 'reasoning') return { type: 'summary_text', text: '' };
  return kind === 'refusal'
    ? { type: 'refusal', refusal: '' }
    : { type: 'output_text', text: '', annotations: [], logprobs: [] };
}

export function annotationOf({ url, title, start, end }: Citation): object {
  return { type: 'url_citation', url, title, start_index: start ?? 0, end_index: end ?? 0 };
}

/** The parts that a message, or reasoning, has so far. */
export function partsOf({ summary, content }: Item): object[] {
  return (summary ?? content) as object[];
}

/** The last part of an item, as far as it is said. */
export function lastPart(item: Item): { kind: PartKind; text: string } | undefined {
  const part = objectOf(listOf(item.summary ?? item.content).at(-1));
  if (part?.type === 'summary_text') return { kind: 'reasoning', text: textOf(part.text) };
  if (part?.type === 'refusal') return { kind: 'refusal', text: textOf(part.refusal) };
  return part?.type === 'output_text' ? { kind: 'output_text', text: textOf(part.text) } : undefined;
}
