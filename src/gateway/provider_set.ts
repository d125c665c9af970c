import path from 'node:path';
import { WeirConfigError } from '../config/parse_weir_config.ts';
import type { WeirConfig } from '../config/weir_config.ts';
import type { EventLog } from '../core/observe/observers.ts';
import type { Routing } from '../core/routing/routing.ts';
import type { ConfigView } from '../formats/cluster/cluster_view.ts';
import { buildProviders, type ProviderSurroundings } from './build_providers.ts';
import type { GatewayConfig } from './config.ts';
import { loadProviders } from './load_providers.ts';

/** The providers that hold now, and those before them that streams still use. */
export class ProviderSet {
  readonly #environment: GatewayConfig;
  readonly #around: ProviderSurroundings;
  readonly #old = new Set<ReturnType<typeof buildProviders>>();
  #current: ReturnType<typeof buildProviders>;
  #view: ConfigView = { loaded_at: new Date().toISOString(), reloads: 0, refused: false };

  /** @throws WeirConfigError */
  constructor(environment: GatewayConfig, around: Omit<ProviderSurroundings, 'folder'>) {
    this.#environment = environment;
    this.#around = { ...around, folder: path.dirname(environment.WEIR_CONFIG ?? '.') };
    this.#current = this.#load();
  }

  get table() {
    return this.#current.table;
  }

  /** As it was loaded last. */
  get config(): WeirConfig {
    return this.#current.config;
  }

  /** Providers whose streams are announced to the other instances. */
  get counted(): readonly string[] {
    return this.#current.counted;
  }

  /** What others may know of it. */
  get view(): ConfigView {
    return this.#view;
  }

  /** Reads file and keys again. What is wrong is refused whole, and all of it is in the log. Never throws for that. */
  reload(routing: Routing, log: EventLog): void {
    const reloads = this.#view.reloads + 1;
    try {
      const next = this.#load();
      this.#retire(this.#current);
      this.#current = next;
      routing.replace(next.table);
      this.#view = { loaded_at: new Date().toISOString(), reloads, refused: false };
      const { providers, routes } = next.config;
      const names = { providers: Object.keys(providers), routes: Object.keys(routes) };
      log.info('0', 'Configuration reloaded', { file: this.#environment.WEIR_CONFIG, ...names });
    } catch (error) {
      this.#view = { ...this.#view, reloads, refused: true };
      const problems = error instanceof WeirConfigError ? error.problems : [String(error)];
      log.error('0', 'Configuration refused; the one before holds', { file: this.#environment.WEIR_CONFIG, problems });
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#current, ...this.#old].map((providers) => providers.close()));
  }

  #retire(providers: ReturnType<typeof buildProviders>): void {
    this.#old.add(providers);
    const forget = () => void this.#old.delete(providers);
    providers.retire().then(forget, forget);
  }

  #load() {
    return buildProviders(loadProviders(this.#environment), this.#around);
  }
}
