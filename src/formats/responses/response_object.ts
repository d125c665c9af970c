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

/** A response that has begun. */
export function emptyResponse({ id, created, model, request }: ResponsesHead) {
  const repeated = Object.fromEntries(
    Object.entries(REPEATED).map(([name, otherwise]) => [name, request[name] ?? otherwise]),
  );
  return {
    id,
    object: 'response',
    created_at: created,
    status: 'in_progress',
    background: request.background === true,
    error: null,
    incomplete_details: null,
    model,
    output: [] as Item[],
    ...repeated,
    usage: null,
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

/** The parts that an item has so far. */
export function partsOf({ summary, content }: Item): object[] {
  return (summary ?? content) as object[];
}
