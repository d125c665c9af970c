import { eventLine } from './event_line.ts';
import type { ManagedProcess } from './managed_process.ts';
import { type NginxSettings, reloadNginx } from './reload_nginx.ts';
import { warmUpstream } from './warm_upstream.ts';

/** Which instances get requests: what NGINX knows of them, and whether it was seen to use them. */
export class Rotation {
  readonly #settings: NginxSettings;
  readonly #gatewayUrl: string;
  readonly #nginx: () => ManagedProcess | undefined;
  readonly #onChange: () => void;

  /** `settings.plan` is kept up to date; `onChange` runs after it changed. */
  constructor(
    settings: NginxSettings,
    gatewayUrl: string,
    nginx: () => ManagedProcess | undefined,
    onChange: () => void,
  ) {
    this.#settings = settings;
    this.#gatewayUrl = gatewayUrl;
    this.#nginx = nginx;
    this.#onChange = onChange;
  }

  /** Whether NGINX is there to be told. */
  get isServed(): boolean {
    return this.#nginx()?.state === 'running';
  }

  isResting(address: string): boolean {
    return this.#settings.plan.resting.includes(address);
  }

  /** New requests go elsewhere from now on; streams that run are left alone. */
  async rest(address: string): Promise<void> {
    if (this.isResting(address)) return;
    await this.change({ resting: [...this.#settings.plan.resting, address] });
  }

  /** New requests may go there again. */
  async wake(address: string): Promise<void> {
    if (!this.isResting(address)) return;
    await this.change({ resting: this.#settings.plan.resting.filter((other) => other !== address) });
  }

  /** Changes these parts of NGINX's plan; resolves when NGINX serves by them, rejects with a sentence. */
  async change(parts: Partial<NginxSettings['plan']>): Promise<void> {
    const nginx = this.#nginx();
    if (nginx?.state !== 'running') throw new Error(`NGINX is ${nginx?.state ?? 'not there'}, so it can not be told`);
    const generation = (this.#settings.plan.generation ?? 0) + 1;
    // Counted also when it fails: a late reload must not pass for the next one.
    this.#settings.plan = { ...this.#settings.plan, generation };
    const plan = { ...this.#settings.plan, ...parts };
    await reloadNginx({ ...this.#settings, plan }, () => nginx.signal('SIGHUP'));
    this.#settings.plan = plan;
    this.#onChange();
    eventLine('info', 'NGINX serves by a new configuration', {
      generation,
      instances: plan.instances.length,
      resting: plan.resting.length,
    });
  }

  /** Sends probes through NGINX until this instance answers some; false when it got none in time. */
  async isReached({ spec }: ManagedProcess): Promise<boolean> {
    const rounds = await warmUpstream(this.#gatewayUrl, spec.address, this.#settings.plan.instances.length);
    if (rounds === undefined) eventLine('warn', 'instance got no request from NGINX yet', { service: spec.name });
    else eventLine('info', 'instance gets requests again', { service: spec.name, rounds });
    return rounds !== undefined;
  }
}
