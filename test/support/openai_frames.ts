/** One step of a scripted answer. */
export type MockStep =
  | { head: number; headers?: Record<string, string> }
  /** Bytes as they are; text as UTF-8. Each is one write. */
  | { write: string | Uint8Array }
  /** The same past the response, so that its head and framing are the script's too; one character a byte. */
  | { raw: string }
  /** Milliseconds. */
  | { pause: number }
  /** Goes on when this settles. */
  | { until: Promise<unknown> }
  /** Nothing more comes, and the connection stays open until the client closes it. */
  | { hang: true }
  /** TCP reset. */
  | { reset: true };

export const SSE_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

const PREFIX = '{"id":"chatcmpl-mock","object":"chat.completion.chunk","created":1764000000,"model":"mock"';

/** A role, a content or a finish frame of the chat completions protocol, with its blank line. */
export function chunkFrame(delta: Record<string, unknown>, finishReason: string | null = null): string {
  return `data: ${PREFIX},"choices":[{"index":0,"delta":${JSON.stringify(delta)},"finish_reason":${JSON.stringify(finishReason)}}]}\n\n`;
}

export const ROLE_FRAME = chunkFrame({ role: 'assistant', content: '' });
export const DONE_FRAME = 'data: [DONE]\n\n';

export function usageFrame(input: number, output: number): string {
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  return `data: ${PREFIX},"choices":[],"usage":${JSON.stringify(usage)}}\n\n`;
}

/** A whole good answer as text, for tests that cut and re-frame its bytes. */
export function answerFrames(parts: readonly string[], includeUsage: boolean): string {
  const usage = includeUsage ? usageFrame(7, parts.length) : '';
  return (
    ROLE_FRAME + parts.map((content) => chunkFrame({ content })).join('') + chunkFrame({}, 'stop') + usage + DONE_FRAME
  );
}

const head: MockStep = { head: 200, headers: SSE_HEADERS };
const words: MockStep[] = ['One ', 'two ', 'three '].map((content) => ({ write: chunkFrame({ content }) }));
const errorBody = (message: string, type: string) => ({
  write: JSON.stringify({ error: { message, type, code: null } }),
});
const json = { 'content-type': 'application/json' };

/** What the mock does for a model of this name; any other model gets a good answer. */
export const FAULT_MODELS: Record<string, readonly MockStep[]> = {
  'mock-401': [{ head: 401, headers: json }, errorBody('Incorrect API key provided.', 'invalid_request_error')],
  'mock-429': [{ head: 429, headers: { ...json, 'retry-after': '7' } }, errorBody('Rate limit reached.', 'requests')],
  'mock-limits': [
    { head: 200, headers: { ...SSE_HEADERS, 'x-ratelimit-remaining-requests': '7' } },
    { write: answerFrames(['One.'], false) },
  ],
  'mock-500': [{ head: 500, headers: json }, errorBody('The server had an error.', 'server_error')],
  'mock-redirect': [{ head: 307, headers: { location: 'http://127.0.0.1:1/elsewhere' } }],
  'mock-html': [{ head: 200, headers: { 'content-type': 'text/html' } }, { write: '<!doctype html><h1>Sign in</h1>' }],
  'mock-hang-before-head': [{ hang: true }],
  'mock-hang-after-head': [head, { hang: true }],
  'mock-hang-mid-stream': [head, ...words, { hang: true }],
  'mock-reset': [head, ...words, { pause: 20 }, { reset: true }],
  'mock-no-finish': [head, ...words],
  'mock-error-first': [head, { write: 'data: {"error":{"message":"Overloaded.","type":"server_error"}}\n\n' }],
  'mock-error-mid-stream': [
    head,
    ...words,
    { write: 'data: {"error":{"message":"The model crashed.","type":"server_error"}}\n\n' },
  ],
  'mock-after-done': [head, { write: answerFrames(['One ', 'two.'], false) }, ...words],
};
