import type { TokenUsage } from '../stream_part.ts';
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
