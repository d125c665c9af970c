import { setTimeout as delay } from 'node:timers/promises';
import { shortRequest } from '../http_request.ts';
import type { ManagedProcess } from '../supervisor/managed_process.ts';
import { eventLine } from '../supervisor/supervisor_log.ts';
import type { NginxPlan } from './nginx_plan.ts';
import { type NginxSettings, reloadNginx } from './reload_nginx.ts';

const WITHIN_MS = 15_000;
const PAUSE_MS = 200;
/** NGINX tries a server that failed with one request. A second answer shows that NGINX uses it again. */
const WANTED_ANSWERS = 2;

/** Decides which instances NGINX sends requests to, and checks that NGINX does so. */
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

  /** Whether NGINX runs. */
  get isServed(): boolean {
    return this.#nginx()?.state === 'running';
  }

  isOut(address: string): boolean {
    return this.#settings.plan.down.includes(address);
  }

  /** NGINX sends no new requests to this instance. Its open streams are not affected. */
  async takeOut(address: string): Promise<void> {
    if (this.isOut(address)) return;
    await this.change({ down: [...this.#settings.plan.down, address] });
  }

  /** NGINX may send new requests to this instance again. */
  async putBack(address: string): Promise<void> {
    if (!this.isOut(address)) return;
    await this.change({ down: this.#settings.plan.down.filter((other) => other !== address) });
  }

  /** Changes these parts of NGINX's plan. Resolves when NGINX uses them; rejects with a sentence. */
  async change(parts: Partial<NginxPlan>): Promise<void> {
    const nginx = this.#nginx();
    if (nginx?.state !== 'running') {
      throw new Error(`NGINX is ${nginx?.state ?? 'not running'}, so its configuration can not be changed`);
    }
    const generation = (this.#settings.plan.generation ?? 0) + 1;
    // Also counted when it fails: a late reload must not be taken for the next one.
    this.#settings.plan = { ...this.#settings.plan, generation };
    const plan = { ...this.#settings.plan, ...parts };
    await reloadNginx({ ...this.#settings, plan }, () => nginx.signal('SIGHUP'));
    this.#settings.plan = plan;
    this.#onChange();
    eventLine('info', 'NGINX serves by a new configuration', {
      generation,
      instances: plan.instances.length,
      resting: plan.down.length,
    });
  }

  /** Sends probes through NGINX until this instance answers some of them; false when it did not in time. */
  async isReached({ spec }: ManagedProcess): Promise<boolean> {
    const rounds = await probeThroughNginx(this.#gatewayUrl, spec.address, this.#settings.plan.instances.length);
    if (rounds === undefined) eventLine('warn', 'instance got no request from NGINX yet', { service: spec.name });
    else eventLine('info', 'instance gets requests again', { service: spec.name, rounds });
    return rounds !== undefined;
  }
}

/**
 * Sends short requests through NGINX until the instance that came back answers some of them.
 *
 * NGINX skips a server that failed until the next second begins, and then tries it with one request. A probe should be
 * that request, not a user's stream. Each round sends as many probes as there are instances: single probes could be
 * balanced to the other instances every time.
 * @returns the number of rounds; undefined when the instance did not answer in time
 */
export async function probeThroughNginx(
  gatewayUrl: string,
  instance: string,
  instances: number,
  withinMs = WITHIN_MS,
): Promise<number | undefined> {
  const deadline = Date.now() + withinMs;
  let answers = 0;
  for (let round = 1; Date.now() < deadline; round++) {
    const probes = Array.from({ length: instances }, () =>
      shortRequest({ url: `${gatewayUrl}/health/live` }).catch(() => undefined),
    );
    for (const answer of await Promise.all(probes)) if (answer?.headers['x-upstream'] === instance) answers += 1;
    if (answers >= WANTED_ANSWERS) return round;
    await delay(PAUSE_MS);
  }
  return undefined;
}
