import { WeirError } from '../../formats/error_code.ts';
import type { Origin, Protocol } from './origin.ts';

/** Who answers, and what the model is called there. */
export interface Target {
  provider: string;
  /** Undefined for a provider that this process speaks for by itself. */
  origin: Origin | undefined;
  model: string;
}

/** What the provider inside this process speaks. */
export const LOCAL_PROTOCOLS: ReadonlySet<Protocol> = new Set(['chat', 'responses', 'messages']);

/** Providers that are asked in their clients' own protocols, by the first part of a model's name. */
export class OriginRegistry {
  readonly all: readonly Origin[];
  readonly #origins: ReadonlyMap<string, Origin>;
  readonly #default: string;
  readonly #local: string;

  /** @param defaultName answers bare names; @param local the provider inside this process */
  constructor(origins: readonly Origin[], defaultName: string, local: string) {
    this.all = origins;
    this.#origins = new Map(origins.map((origin) => [origin.name, origin]));
    this.#default = defaultName;
    this.#local = local;
  }

  /**
   * @param name `provider/model`; any other name, with a slash or not, is the default provider's, or where that one does
   * not speak the protocol, the first that does
   * @throws WeirError validation_error, service_unavailable
   */
  select(name: string, protocol: Protocol): Target {
    const slash = name.indexOf('/');
    const prefix = slash > 0 ? name.slice(0, slash) : undefined;
    const named = prefix !== undefined && (prefix === this.#local || this.#origins.has(prefix));
    const provider = named ? prefix : this.answering(protocol);
    const model = named ? name.slice(slash + 1) : name;
    if (model === '') throw invalid('names no model after its provider');
    const origin = this.#origins.get(provider);
    if (!origin && LOCAL_PROTOCOLS.has(protocol)) {
      // The one that makes answers up would take a slip of the pen for a model of its own.
      if (prefix !== undefined && !named) throw invalid(`names no provider here; known: ${this.#known()}`);
      return { provider, origin, model };
    }
    if (!origin?.speaks.includes(protocol)) throw invalid(`is of ${provider}, which does not speak ${protocol}`);
    const reason = origin.unusable();
    if (reason === undefined) return { provider, origin, model };
    throw new WeirError('service_unavailable', { message: reason, details: { reason: 'provider', provider } });
  }

  /** The provider that answers where the client names none. */
  answering(protocol: Protocol): string {
    const speaks = this.#origins.get(this.#default)?.speaks.includes(protocol);
    if (speaks || (protocol === 'chat' && this.#default === this.#local)) return this.#default;
    // A real provider goes before the one that makes answers up.
    return this.all.find((origin) => origin.speaks.includes(protocol))?.name ?? this.#default;
  }

  #known(): string {
    return [this.#local, ...this.#origins.keys()].join(', ');
  }
}

function invalid(message: string): WeirError {
  return new WeirError('validation_error', {
    message: `Not valid: model ${message}.`,
    details: { fields: [{ field: 'model', message }] },
  });
}
