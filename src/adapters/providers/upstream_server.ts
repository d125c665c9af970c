import type { OpenCalls } from '../../core/routing/provider_load.ts';
import type { TimerWheel } from '../../core/time/timer_wheel.ts';
import { checkHead } from '../../core/upstream/check_head.ts';
import { parsedAnswer } from '../../core/upstream/parsed_answer.ts';
import type { Redact } from '../../core/upstream/redactor.ts';
import type { ByteAnswer, CallContext, ClientFormat, PartAnswer, PassedRequest } from '../../core/upstream/upstream.ts';
import type { PartParser } from '../../formats/event_parser.ts';
import { PROVIDER_SILENCE_MS } from '../../formats/timing.ts';
import type { ProviderAgent } from './provider_agent.ts';
import { UpstreamCall } from './upstream_call.ts';

/** What must arrive, though no one waits for it, is tried so often. */
const ERRAND_TRIES = 3;
const ERRAND_RETRY_MS = 1_000;
/** A server that has not answered a try in this time is not waited for: it would hold a socket, and a reload. */
const ERRAND_MS = 10_000;
/** More of an answer is not read: its connection is closed. */
const ERRAND_BYTES = 64 * 1024;

/** Where a server is, and what it wants to hear with every call. */
export interface ServerAbout {
  provider: string;
  /** With the version, for example `https://api.openai.com/v1`. */
  baseUrl: string;
  /** The key among them; lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** Limit for the head, and then for each silence between bytes; undefined: the request says. */
  silenceMs: number | undefined;
  /** Cuts this provider's key out of what it said. */
  redact: Redact;
  /** Counts the calls that are open. */
  calls: OpenCalls;
}

/** A request of our own making. */
export interface ServerCall {
  method: 'GET' | 'POST';
  /** For example `/chat/completions`. */
  path: string;
  /** Sent as JSON. */
  body?: Record<string, unknown>;
  /** On top of the server's own; lower-case names. */
  headers?: Readonly<Record<string, string>>;
}

/** How the answer to a request of our own making is read. */
interface Reading {
  stream: boolean;
  /** As in PassedRequest. */
  silenceMs: number;
  /** What the client speaks, for refusals. */
  client: ClientFormat;
}

/** Of `/api/v1/stream`. */
const TEXT_STREAM: Reading = { stream: true, silenceMs: PROVIDER_SILENCE_MS, client: 'weir' };

/** Any HTTP server of a provider, and the connections to it. It sees nothing of our clients but what a request brings. */
export class UpstreamServer {
  readonly #about: ServerAbout;
  /** For example `api.openai.com`. */
  readonly host: string;
  readonly #origin: string;
  /** What its paths begin with; no slash at the end. */
  readonly #prefix: string;
  readonly #wheel: TimerWheel;
  readonly #agent: ProviderAgent;

  /** @throws TypeError for a base URL that is none */
  constructor(about: ServerAbout, agent: ProviderAgent, wheel: TimerWheel) {
    const { origin, prefix } = serverBase(about.baseUrl);
    this.#about = about;
    this.#origin = origin;
    this.host = new URL(origin).hostname;
    this.#prefix = prefix;
    this.#wheel = wheel;
    this.#agent = agent;
  }

  get provider(): string {
    return this.#about.provider;
  }

  redact(text: string): string {
    return this.#about.redact(text);
  }

  /** Sends one request, and waits for the head, whatever its status. @throws as Upstream.open */
  call({ method, path, body, headers, silenceMs }: PassedRequest, signal: AbortSignal): Promise<ByteAnswer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const { provider, redact, headers: own, calls } = this.#about;
      const about = { provider, redact, calls, silenceMs: this.#about.silenceMs ?? silenceMs };
      this.#agent.dispatch(
        {
          origin: this.#origin,
          path: this.#prefix + path,
          method,
          body: body ?? null,
          // Compressed bytes could not be looked into.
          headers: { 'content-type': 'application/json', 'accept-encoding': 'identity', ...headers, ...own },
        },
        new UpstreamCall(about, this.#wheel, signal, resolve, reject),
      );
    });
  }

  /**
   * Sends a request of our own making.
   * @returns an event stream with its head, or a whole answer
   * @throws as Upstream.open
   */
  async ask(call: ServerCall, reading: Reading, { signal, trace }: CallContext): Promise<ByteAnswer> {
    const { provider, redact } = this.#about;
    const { stream, silenceMs, client } = reading;
    const headers = { ...call.headers, accept: stream ? 'text/event-stream' : 'application/json', ...trace };
    const answer = await this.call({ ...call, body: bodyOf(call), headers, silenceMs }, signal);
    return checkHead(answer, { provider, redact, stream, passed: false, client });
  }

  /** Asks for an event stream, and reads its text. @throws as Upstream.open */
  async parts(call: ServerCall, parser: PartParser, context: CallContext): Promise<PartAnswer> {
    const stream = await this.ask(call, TEXT_STREAM, context);
    return parsedAnswer(stream, parser, this.provider);
  }

  /** Sends a request whose answer no one waits for; tries again while the server fails. Never rejects. */
  async errand(call: ServerCall): Promise<void> {
    const limitMs = Math.min(ERRAND_MS, this.#about.silenceMs ?? PROVIDER_SILENCE_MS);
    const { method, path } = call;
    const headers = { 'content-type': 'application/json', accept: 'application/json', ...this.#about.headers };
    const request = { origin: this.#origin, path: this.#prefix + path, method, body: bodyOf(call) ?? null, headers };
    for (let tries = 1; ; tries += 1) {
      if ((await this.#isDone(request, limitMs)) || tries === ERRAND_TRIES) return;
      await new Promise((resolve) => setTimeout(resolve, ERRAND_RETRY_MS).unref());
    }
  }

  async #isDone(request: Parameters<ProviderAgent['request']>[0], limitMs: number): Promise<boolean> {
    const signal = AbortSignal.timeout(limitMs);
    try {
      const { statusCode, body } = await this.#agent.request({ ...request, signal });
      // Its end is not needed: a status says all.
      await body.dump({ limit: ERRAND_BYTES, signal }).catch(() => body.destroy());
      return statusCode < 500;
    } catch {
      // Also where what sends it can't be loaded, as files are being replaced.
      return false;
    }
  }
}

/** Scheme, host and port; and what paths begin with, without a slash at the end. @throws TypeError for what is no URL */
export function serverBase(baseUrl: string): { origin: string; prefix: string } {
  const { origin, pathname } = new URL(baseUrl);
  return { origin, prefix: pathname.replace(/\/+$/, '') };
}

function bodyOf({ body }: ServerCall): Buffer | undefined {
  return body === undefined ? undefined : Buffer.from(JSON.stringify(body));
}
