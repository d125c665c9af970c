import type { Origin, OriginAnswer, OriginCall, Protocol } from '../../core/passthrough/origin.ts';
import type { TimerWheel } from '../../core/time/timer_wheel.ts';
import { WeirError } from '../../protocol/error_code.ts';
import { ByteCall } from './byte_call.ts';
import { providerAgent } from './provider_agent.ts';

/** A provider that is spoken to as its own clients do it. */
export interface HttpOriginOptions {
  name: string;
  speaks: readonly Protocol[];
  modelsPath: string;
  modelsHeaders?: Record<string, string>;
  /** Paths of calls are appended to it. */
  baseUrl: string;
  /** The deployment's own; undefined where the server wants none. */
  apiKey: string | undefined;
  /** Headers that carry the key. */
  keyHeaders: (apiKey: string) => Record<string, string>;
  /** Why it can't be used. */
  unusable?: string | undefined;
}

/** Any HTTP server that speaks a protocol of our clients. It sees nothing of them but the body. */
export class HttpOrigin implements Origin {
  readonly name: string;
  readonly speaks: readonly Protocol[];
  readonly modelsPath: string;
  readonly modelsHeaders: Record<string, string>;
  readonly #base: string;
  readonly #apiKey: string | undefined;
  readonly #headers: Record<string, string>;
  readonly #unusable: string | undefined;
  readonly #wheel: TimerWheel;
  readonly #agent = providerAgent();

  constructor(options: HttpOriginOptions, wheel: TimerWheel) {
    const { name, speaks, baseUrl, apiKey, keyHeaders, unusable } = options;
    this.name = name;
    this.speaks = speaks;
    this.modelsPath = options.modelsPath;
    this.modelsHeaders = options.modelsHeaders ?? {};
    this.#base = baseUrl.replace(/\/+$/, '');
    this.#apiKey = apiKey;
    this.#headers = apiKey ? keyHeaders(apiKey) : {};
    this.#unusable = unusable;
    this.#wheel = wheel;
  }

  unusable(): string | undefined {
    return this.#unusable;
  }

  call({ method, path, body, headers, silenceMs }: OriginCall, signal: AbortSignal): Promise<OriginAnswer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const url = new URL(this.#base + path);
      const about = { provider: this.name, apiKey: this.#apiKey, silenceMs };
      const handler = new ByteCall(about, this.#wheel, signal, resolve, reject);
      this.#agent.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method,
          body: body ?? null,
          // Compressed bytes could not be looked into.
          headers: { 'content-type': 'application/json', 'accept-encoding': 'identity', ...headers, ...this.#headers },
        },
        handler,
      );
    });
  }

  /** Ends idle connections, and the running calls with them. */
  async close(): Promise<void> {
    await this.#agent.destroy(new WeirError('draining'));
  }
}
