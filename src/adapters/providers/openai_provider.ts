import { Agent } from 'undici';
import type { Answer, Provider } from '../../core/provider/provider.ts';
import type { TimerWheel } from '../../core/time/timer_wheel.ts';
import { WeirError } from '../../protocol/error_code.ts';
import type { StreamRequest } from '../../protocol/stream_request.ts';
import { OpenAiCall } from './openai_call.ts';

const CONNECT_MS = 5_000;

/** Where an OpenAI-compatible server is, and the key it wants. */
export interface OpenAiOptions {
  /** For example `https://api.openai.com/v1`. */
  baseUrl: string;
  apiKey: string | undefined;
}

/** Any server that speaks OpenAI's chat completions, streamed. */
export class OpenAiProvider implements Provider {
  readonly name = 'openai';
  readonly models = [] as const;
  readonly anyModel = true;
  readonly #url: URL;
  readonly #apiKey: string | undefined;
  readonly #wheel: TimerWheel;
  // HTTP/2 would put every stream on one connection, with its flow control; deadlines are our own, in the call.
  readonly #agent = new Agent({
    allowH2: false,
    connect: { timeout: CONNECT_MS },
    connections: null,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  constructor(options: OpenAiOptions, wheel: TimerWheel) {
    this.#url = new URL(`${options.baseUrl.replace(/\/+$/, '')}/chat/completions`);
    this.#apiKey = options.apiKey;
    this.#wheel = wheel;
  }

  unusable(): string | undefined {
    if (this.#apiKey || this.#url.hostname !== 'api.openai.com') return undefined;
    return 'The provider openai has no key; set OPENAI_API_KEY, or OPENAI_BASE_URL for a server that wants none.';
  }

  open(request: StreamRequest, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const call = new OpenAiCall(this.#wheel, signal, resolve, reject);
      this.#agent.dispatch(
        {
          origin: this.#url.origin,
          path: this.#url.pathname + this.#url.search,
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'text/event-stream',
            ...(this.#apiKey ? { authorization: `Bearer ${this.#apiKey}` } : {}),
          },
          body: JSON.stringify(requestBody(request)),
        },
        call,
      );
    });
  }

  /** Ends idle connections, and the running calls with them. */
  async close(): Promise<void> {
    await this.#agent.destroy(new WeirError('draining'));
  }
}

function requestBody(request: StreamRequest): Record<string, unknown> {
  return {
    model: request.model,
    messages: request.messages ?? [{ role: 'user', content: request.query }],
    stream: true,
    stream_options: { include_usage: true },
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...(request.max_tokens === undefined ? {} : { max_tokens: request.max_tokens }),
  };
}
