import { readRefusal, streamHead } from 'weir-client';
import { orAborted } from '../formats/abortable.ts';
import { SseDecoder, SseLimitError } from '../formats/sse/sse_decoder.ts';
import type { Ending, LoadUser, StreamWatcher } from './follower.ts';
import type { LoadPlan } from './load_plan.ts';
import { outcomeOfStatus } from './outcome.ts';

/** The fields of a chunk that are used. */
interface ChatChunk {
  choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
  usage?: { completion_tokens?: number } | null;
  error?: { message?: string; code?: string | null };
}

/**
 * One streamed chat completion of any OpenAI-compatible server. It is complete if `[DONE]` ends it; the protocol has no
 * numbers or checksum to check.
 * @throws StreamRefusal, and the transport's error
 */
export async function followChat(
  plan: LoadPlan,
  { transport, headers }: LoadUser,
  signal: AbortSignal,
  watcher: StreamWatcher,
): Promise<Ending> {
  const body = { model: plan.model, stream: true, messages: [{ role: 'user', content: plan.prompt }] };
  const request = {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify(body),
    signal,
  };
  const response = await orAborted(transport(`${plan.url}/chat/completions`, request), signal);
  watcher.onHead(streamHead(response));
  if (response.status !== 200) throw await readRefusal(response);
  const type = response.headers('content-type') ?? 'untyped';
  if (!type.startsWith('text/event-stream')) {
    return { outcome: 'protocol_error', message: `the response is ${type}, not an event stream; check the address` };
  }
  const chat = new ChatCheck(watcher);
  try {
    const decoder = new SseDecoder();
    for await (const bytes of response.body) {
      decoder.push(bytes);
      for (let event = decoder.next(); event; event = decoder.next()) chat.take(event.data);
    }
  } catch (error) {
    if (error instanceof ChatError) return error.ending;
    if (error instanceof SseLimitError) return { outcome: 'protocol_error', message: error.message };
    if (signal.aborted) throw error;
    const message = `the connection broke: ${error instanceof Error ? error.message : String(error)}`;
    // After [DONE], nothing is missing.
    if (!chat.isDone) return { outcome: 'truncated', message };
  }
  if (!chat.isDone) return { outcome: 'truncated', message: 'the stream ended without [DONE]' };
  return { outcome: 'ok', ...(chat.tokens === undefined ? {} : { tokens: chat.tokens }) };
}

class ChatError extends Error {
  readonly ending: Ending;

  constructor(ending: Ending) {
    super(ending.message);
    this.ending = ending;
  }
}

class ChatCheck {
  isDone = false;
  tokens: number | undefined;
  readonly #watcher: StreamWatcher;
  #hasText = false;

  constructor(watcher: StreamWatcher) {
    this.#watcher = watcher;
  }

  /** @throws ChatError */
  take(data: string): void {
    if (this.isDone) throw new ChatError({ outcome: 'protocol_error', message: 'data follows [DONE]' });
    if (data === '[DONE]') {
      this.isDone = true;
      this.#watcher.onTerminal();
      return;
    }
    const chunk = parse(data);
    if (chunk.error) {
      const { message = 'the server reported an error', code } = chunk.error;
      const outcome = this.#hasText ? 'truncated' : outcomeOfStatus(500);
      throw new ChatError({ outcome, message, ...(code ? { code } : {}) });
    }
    this.tokens = chunk.usage?.completion_tokens ?? this.tokens;
    const content = chunk.choices?.[0]?.delta?.content;
    if (typeof content !== 'string') return;
    if (content !== '') this.#hasText = true;
    this.#watcher.onChunk(content !== '');
  }
}

function parse(data: string): ChatChunk {
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value === 'object' && value !== null) return value;
  } catch {}
  throw new ChatError({ outcome: 'protocol_error', message: 'a chunk is not a JSON object' });
}
