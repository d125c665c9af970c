import type { TraceContext } from '../../core/observe/stream_span.ts';
import type { Answer } from '../../core/provider/provider.ts';
import type { TimerWheel } from '../../core/time/timer_wheel.ts';
import { WeirError } from '../../protocol/error_code.ts';
import { type EventReader, OpenAiCall } from './openai_call.ts';
import { providerAgent } from './provider_agent.ts';

/** What must arrive, though nobody waits for it, is tried so often. */
const ERRAND_TRIES = 3;
const ERRAND_RETRY_MS = 1_000;

/** One request below the server's base URL. */
export interface EndpointCall {
  method: 'GET' | 'POST';
  /** For example `/chat/completions`. */
  path: string;
  /** Sent as JSON. */
  body?: Record<string, unknown>;
  /** Sent as headers. */
  trace?: TraceContext | undefined;
}

/** An OpenAI-compatible server: its address, the key it wants, and the connections to it. */
export class OpenAiEndpoint {
  readonly #base: string;
  readonly #apiKey: string | undefined;
  readonly #wheel: TimerWheel;
  readonly #agent = providerAgent();

  constructor(baseUrl: string, apiKey: string | undefined, wheel: TimerWheel) {
    this.#base = baseUrl.replace(/\/+$/, '');
    this.#apiKey = apiKey;
    this.#wheel = wheel;
  }

  get hostname(): string {
    return new URL(this.#base).hostname;
  }

  /**
   * Asks for an event stream and waits for its head; as {@link Provider.open}.
   * @param reader what its events say; chat chunks where undefined
   */
  stream(call: EndpointCall, signal: AbortSignal, reader?: EventReader): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const handler = new OpenAiCall(this.#wheel, signal, resolve, reject, reader);
      this.#agent.dispatch({ ...this.#request(call), ...this.#head('text/event-stream', call.trace) }, handler);
    });
  }

  /** Sends a request whose answer nobody waits for; tries again while the server fails. */
  async errand(call: EndpointCall): Promise<void> {
    for (let tries = 0; tries < ERRAND_TRIES; tries += 1) {
      const request = { ...this.#request(call), ...this.#head('application/json') };
      const answer = await this.#agent.request(request).catch(() => undefined);
      await answer?.body.dump().catch(() => {});
      if (answer && answer.statusCode < 500) return;
      await new Promise((resolve) => setTimeout(resolve, ERRAND_RETRY_MS).unref());
    }
  }

  /** Ends idle connections, and the running calls with them. */
  async close(): Promise<void> {
    await this.#agent.destroy(new WeirError('draining'));
  }

  #request({ method, path, body }: EndpointCall) {
    const url = new URL(this.#base + path);
    return {
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      body: body === undefined ? null : JSON.stringify(body),
    };
  }

  #head(accept: string, trace?: TraceContext): { headers: Record<string, string> } {
    const key = this.#apiKey ? { authorization: `Bearer ${this.#apiKey}` } : {};
    return { headers: { 'content-type': 'application/json', accept, ...trace, ...key } };
  }
}
