import { z } from 'zod';
import { encodeChunk, encodeComplete, encodeStatus } from '../../formats/weir/weir_encoder.ts';

/** For the document only: a stream goes past Fastify, and the request is checked by our own parser. */
export const unchecked = () => (value: unknown) => ({ value });

/** An event stream as a route's answer; `example` is what may come. */
export function eventStream(description: string, example?: string) {
  const frames = z.string();
  const schema = example === undefined ? frames : frames.meta({ examples: [example] });
  return { description, content: { 'text/event-stream': { schema } } };
}

/** What can be tried at once. */
export const REQUEST_EXAMPLE = { query: 'Say hello.', model: 'demo', provider: 'fake' };

const ASK = { thread_id: 'my-first', instance: 'app-1', model: 'demo', provider: 'fake' };
const END = {
  thread_id: 'my-first',
  chunk_count: 1,
  total_length: 6,
  duration_ms: 480,
  finish_reason: 'stop',
  usage: { input_tokens: 3, output_tokens: 1, estimated: false },
  sha256: '2d8bd7d9bb5f85ba643f0110d50cb506a1fe439e769a22503193ea6046bb87f7',
};

/** A whole stream of one word. */
export const STREAM_EXAMPLE =
  encodeStatus('1.0', { status: 'validated', ...ASK }) +
  encodeChunk('1.1', { content: 'Hello.', chunk_index: 1, finish_reason: null }) +
  encodeComplete('1.2', END);

/** Names of their own for a request. */
export const openHeadersSchema = z.object({
  'x-thread-id': z.string().optional().describe('1 to 128 of A-Z a-z 0-9 _ -; made where absent'),
  'idempotency-key': z.string().optional().describe('Resumable streams: a repeat attaches to the first'),
});

export const threadParamsSchema = z.object({ thread_id: z.string().describe('As X-Thread-ID of the answer said') });

/** A caller whose address or key did not open the stream needs its token. */
export const threadHeadersSchema = z.object({
  'x-resume-token': z.string().optional().describe('resume_token of the status event'),
});

export const attachHeadersSchema = threadHeadersSchema.extend({
  'last-event-id': z.string().optional().describe('The last id that has come; all of it where absent'),
});
