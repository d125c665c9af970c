import { WeirError } from '../../formats/error_code.ts';
import type { Provider } from './provider.ts';

/** The providers that this deployment offers, by name. */
export class ProviderRegistry {
  readonly #providers: ReadonlyMap<string, Provider>;
  readonly #default: string;

  constructor(providers: readonly Provider[], defaultName: string) {
    this.#providers = new Map(providers.map((provider) => [provider.name, provider]));
    this.#default = defaultName;
  }

  /**
   * @param name the default provider where undefined
   * @throws WeirError validation_error for an unknown provider or model, service_unavailable for an unusable one
   */
  select(name: string | undefined, model: string): Provider {
    const wanted = name ?? this.#default;
    const provider = this.#providers.get(wanted);
    if (!provider) {
      const known = [...this.#providers.keys()].join(', ');
      throw invalid('provider', `unknown provider "${wanted}"; known: ${known}`);
    }
    if (!provider.anyModel && !provider.models.includes(model)) {
      throw invalid('model', `${wanted} has no model "${model}"; it has: ${provider.models.join(', ')}`);
    }
    const reason = provider.unusable();
    if (reason !== undefined) {
      throw new WeirError('service_unavailable', {
        message: reason,
        details: { reason: 'provider', provider: wanted },
      });
    }
    return provider;
  }
}

function invalid(field: string, message: string): WeirError {
  return new WeirError('validation_error', { message: `${message}.`, details: { fields: [{ field, message }] } });
}
