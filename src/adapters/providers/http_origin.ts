import type { Origin, OriginAnswer, OriginCall, Protocol } from '../../core/passthrough/origin.ts';
import type { Redact } from '../../core/passthrough/redactor.ts';
import type { TimerWheel } from '../../core/time/timer_wheel.ts';
import { ByteCall } from './byte_call.ts';
import type { ProviderAgent } from './provider_agent.ts';
import { type ServerBase, serverBase } from './server_base.ts';

/** A provider that is spoken to as its own clients do it. */
export interface HttpOriginOptions {
  name: string;
  speaks: readonly Protocol[];
  modelsPath: string;
  modelsHeaders?: Record<string, string>;
  /** Paths of calls are appended to it. */
  baseUrl: string;
  /** Sent with every call, the key among them; lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** Cuts values out that nobody is to see. */
  redact: Redact;
  /** Holds for all calls, whatever they ask for. */
  silenceMs: number | undefined;
  /** Why it can't be used. */
  unusable: string | undefined;
}

/** Any HTTP server that speaks a protocol of our clients. It sees nothing of them but the body. */
export class HttpOrigin implements Origin {
  readonly name: string;
  readonly speaks: readonly Protocol[];
  readonly modelsPath: string;
  readonly modelsHeaders: Record<string, string>;
  readonly #options: HttpOriginOptions;
  readonly #base: ServerBase;
  readonly #wheel: TimerWheel;
  readonly #agent: ProviderAgent;

  constructor(options: HttpOriginOptions, agent: ProviderAgent, wheel: TimerWheel) {
    const { name, speaks, baseUrl } = options;
    this.#options = options;
    this.name = name;
    this.speaks = speaks;
    this.modelsPath = options.modelsPath;
    this.modelsHeaders = options.modelsHeaders ?? {};
    this.#base = serverBase(baseUrl);
    this.#agent = agent;
    this.#wheel = wheel;
  }

  unusable(): string | undefined {
    return this.#options.unusable;
  }

  redact(text: string): string {
    return this.#options.redact(text);
  }

  call({ method, path, body, headers, silenceMs }: OriginCall, signal: AbortSignal): Promise<OriginAnswer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const { origin, prefix } = this.#base;
      const { redact, headers: own } = this.#options;
      const about = { provider: this.name, redact, silenceMs: this.#options.silenceMs ?? silenceMs };
      const handler = new ByteCall(about, this.#wheel, signal, resolve, reject);
      this.#agent.dispatch(
        {
          origin,
          path: prefix + path,
          method,
          body: body ?? null,
          // Compressed bytes could not be looked into.
          headers: { 'content-type': 'application/json', 'accept-encoding': 'identity', ...headers, ...own },
        },
        handler,
      );
    });
  }
}
