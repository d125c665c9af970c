import type { TraceContext } from '../../core/observe/stream_span.ts';
import type { Answer } from '../../core/provider/provider.ts';
import type { TimerWheel } from '../../core/time/timer_wheel.ts';
import { type EventReader, OpenAiCall, type OpenAiCallAbout } from './openai_call.ts';
import type { ProviderAgent } from './provider_agent.ts';
import { type ServerBase, serverBase } from './server_base.ts';

/** What must arrive, though nobody waits for it, is tried so often. */
const ERRAND_TRIES = 3;
const ERRAND_RETRY_MS = 1_000;
/** A server that has not answered a try in this time is not waited for: it would hold a socket, and a reload. */
const ERRAND_MS = 10_000;

/** More of an answer is not read: its connection is closed. */
const ERRAND_BYTES = 64 * 1024;

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

/** Where a server is, and what it wants to hear with every call. */
export interface Endpoint extends OpenAiCallAbout {
  /** With the version, for example `https://api.openai.com/v1`. */
  baseUrl: string;
  /** The key among them; lower-case names. */
  headers: Readonly<Record<string, string>>;
}

/** An OpenAI-compatible server, and the connections to it. */
export class OpenAiEndpoint {
  readonly #about: Endpoint;
  readonly #base: ServerBase;
  readonly #wheel: TimerWheel;
  readonly #agent: ProviderAgent;

  constructor(about: Endpoint, agent: ProviderAgent, wheel: TimerWheel) {
    this.#about = about;
    this.#base = serverBase(about.baseUrl);
    this.#wheel = wheel;
    this.#agent = agent;
  }

  get provider(): string {
    return this.#about.provider;
  }

  /**
   * Asks for an event stream and waits for its head; as {@link Provider.open}.
   * @param reader what its events say; chat chunks where undefined
   */
  stream(call: EndpointCall, signal: AbortSignal, reader?: EventReader): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const handler = new OpenAiCall(this.#about, this.#wheel, signal, resolve, reject, reader);
      this.#agent.dispatch({ ...this.#request(call), ...this.#head('text/event-stream', call.trace) }, handler);
    });
  }

  /** Sends a request whose answer nobody waits for; tries again while the server fails. Never rejects. */
  async errand(call: EndpointCall): Promise<void> {
    const limitMs = Math.min(ERRAND_MS, this.#about.silenceMs);
    for (let tries = 1; ; tries += 1) {
      const request = { ...this.#request(call), ...this.#head('application/json') };
      const signal = AbortSignal.timeout(limitMs);
      const answer = await this.#agent.request({ ...request, signal }).catch(() => undefined);
      // Its end is not needed: a status says all.
      await answer?.body.dump({ limit: ERRAND_BYTES, signal }).catch(() => answer.body.destroy());
      if ((answer && answer.statusCode < 500) || tries === ERRAND_TRIES) return;
      await new Promise((resolve) => setTimeout(resolve, ERRAND_RETRY_MS).unref());
    }
  }

  #request({ method, path, body }: EndpointCall) {
    const { origin, prefix } = this.#base;
    return {
      origin,
      path: prefix + path,
      method,
      body: body === undefined ? null : JSON.stringify(body),
    };
  }

  #head(accept: string, trace?: TraceContext): { headers: Record<string, string> } {
    return { headers: { 'content-type': 'application/json', accept, ...trace, ...this.#about.headers } };
  }
}
