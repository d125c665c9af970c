import { rmSync } from 'node:fs';
import path from 'node:path';
import { writeJsonFile } from '../json_file.ts';
import { rewriteNginxConf } from '../nginx/reload_nginx.ts';
import { Rotation } from '../nginx/rotation.ts';
import { UsageKeeper } from '../usage/usage_keeper.ts';
import { askActiveStreams, askHealth } from './ask_health.ts';
import { ManagedProcess, type ProcessHooks } from './managed_process.ts';
import { type ProcessIdentity, startTime } from './process_identity.ts';
import { type ReloadResult, reloadInstance } from './reload_instances.ts';
import type { ScaleRequest, ServiceSpec, ServiceStatus, SupervisorPlan } from './service_spec.ts';
import { eventLine } from './supervisor_log.ts';

const BEING_STOPPED = 'the stack is being stopped';

/** The owner of all services of one stack. */
export class Supervisor {
  readonly #plan: SupervisorPlan;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #rotation: Rotation;
  readonly #usage: UsageKeeper | undefined;
  /** By name, in the order of their start. */
  #services: Map<string, ManagedProcess>;
  /** Changes of NGINX's configuration run one after another. */
  #turn: Promise<unknown> = Promise.resolve();
  #stopping = false;

  /** `plan` is changed, and written to its file, when instances come and go. */
  constructor(plan: SupervisorPlan, environment: NodeJS.ProcessEnv) {
    this.#plan = plan;
    this.#environment = environment;
    this.#services = new Map(plan.services.map((spec) => [spec.name, this.#manage(spec)]));
    const nginx = () => this.#services.get('nginx');
    this.#rotation = new Rotation(plan.nginx, plan.gatewayUrl, nginx, () => this.#keepPlan());
    this.#usage = keeperOf(plan);
    this.#usage?.start();
    this.#record();
  }

  /** Starts one service and waits until it answers; rejects with a sentence. */
  async start(name: string): Promise<void> {
    const service = this.#service(name);
    this.#refuseWhenStopping();
    // Otherwise the first instance would show no usage.
    if (service.spec.kind === 'instance') await this.#usage?.look();
    await service.start();
    eventLine('info', 'service is up', { service: name, pid: service.pid });
    if (service.spec.kind === 'redis') await this.#usage?.look();
    if (service.spec.kind === 'instance' && this.#rotation.isServed) await this.#rotation.isReached(service);
  }

  /** Stops one service with SIGTERM, without changing NGINX, as a fault would. It stays stopped until it is started. */
  async stop(name: string): Promise<void> {
    eventLine('warn', 'service is stopped on request', { service: name });
    await this.#service(name).stop();
  }

  /**
   * Stops a service with SIGTERM and starts it again.
   *
   * An instance is taken out of NGINX's rotation first and put back afterwards, so that no request fails, as long as
   * another one serves meanwhile. With `lossless` the restart is refused otherwise. NGINX's configuration is written again.
   */
  async restart(name: string, lossless = false): Promise<void> {
    const service = this.#service(name);
    eventLine('info', 'service is restarted on request', { service: name });
    if (service.spec.kind === 'instance' && (lossless || this.#isSpare(service))) {
      return this.#inTurn(() => this.#exchange(service));
    }
    if (service.spec.kind === 'nginx') await rewriteNginxConf(this.#plan.nginx);
    if (service.spec.kind === 'redis') await this.#usage?.look();
    await service.stop();
    this.#refuseWhenStopping();
    await service.start();
    if (service.spec.kind === 'redis') await this.#usage?.look();
    if (service.spec.kind === 'instance' && this.#rotation.isServed) await this.#rotation.isReached(service);
  }

  /**
   * Starts and stops instances until those of `wanted` run. New instances answer before NGINX uses them. Instances that
   * leave are removed from NGINX before they get SIGTERM, and finish their streams.
   *
   * Rejects with a sentence when that fails; instances that were started for it are then stopped.
   */
  scale(wanted: ScaleRequest): Promise<void> {
    return this.#inTurn(async () => {
      const known = this.#instances();
      const names = new Set(wanted.instances.map(({ name }) => name));
      const added = wanted.instances.filter(({ name }) => !this.#services.has(name)).map((spec) => this.#manage(spec));
      const leaving = known.filter(({ spec }) => !names.has(spec.name));
      if (added.length === 0 && this.#outOf(wanted.nginx.instances).length === names.size) {
        throw new Error(`none of these instances serves now: ${[...names].join(', ')}`);
      }
      this.#setInstances([...known, ...added]);
      try {
        await allOrThrow(added.map((service) => service.start()));
        await this.#rotation.change({ ...wanted.nginx, down: this.#outOf(wanted.nginx.instances) });
      } catch (error) {
        await Promise.all(added.map((service) => this.#dismiss(service, true)));
        throw error;
      }
      await Promise.all(added.map((service) => this.#rotation.isReached(service)));
      await Promise.all(leaving.map((service) => this.#dismiss(service)));
      eventLine('info', 'the number of instances has changed', { instances: names.size });
    });
  }

  /** Makes every instance read providers and routes again; streams continue. Not at the same time as starts and stops. */
  reload(): Promise<ReloadResult[]> {
    eventLine('info', 'instances load their configuration again', {});
    return this.#inTurn(() => Promise.all(this.#instances().map(reloadInstance)));
  }

  /** Sends a signal, as a fault would. False when the service has no process. */
  kill(name: string, signal: NodeJS.Signals): boolean {
    eventLine('warn', 'service is sent a signal on request', { service: name, signal });
    return this.#service(name).signal(signal);
  }

  /**
   * Stops everything: instances first, while NGINX still carries their streams to the end, and Redis last, so that
   * instances can deregister. `now` does not wait for streams.
   */
  async stopAll(now: boolean): Promise<void> {
    eventLine('info', 'stack is stopping', { now });
    this.#stopping = true;
    for (const kind of ['instance', 'nginx', 'console', 'redis'] as const) {
      const group = [...this.#services.values()].filter((service) => service.spec.kind === kind);
      // Instances have written their last usage by now.
      if (kind === 'redis') await this.#usage?.stop();
      await Promise.all(group.map((service) => service.stop(now)));
    }
  }

  /** Asks every service at the same time; takes as long as the slowest, at most about a second. */
  status(): Promise<ServiceStatus[]> {
    return Promise.all(
      [...this.#services.values()].map(async (service) => {
        const isUp = service.pid !== undefined;
        const [healthy, streams] = isUp
          ? await Promise.all([askHealth(service.spec.health), askActiveStreams(service.spec)])
          : [false, 0];
        const { name, address } = service.spec;
        return { name, state: service.state, pid: service.pid ?? null, healthy, address, active_streams: streams };
      }),
    );
  }

  async #exchange(service: ManagedProcess): Promise<void> {
    const { name, address } = service.spec;
    if (!this.#isSpare(service)) throw new Error(`no other instance serves while ${name} is away`);
    await this.#rotation.takeOut(address);
    await service.stop();
    this.#refuseWhenStopping();
    await service.start();
    await this.#rotation.putBack(address);
    if (!(await this.#rotation.isReached(service))) throw new Error(`${name} is back, but NGINX does not reach it`);
  }

  /** Whether another instance serves requests while this one is away. */
  #isSpare(service: ManagedProcess): boolean {
    return this.#instances().some((other) => {
      return other !== service && other.state === 'running' && !this.#rotation.isOut(other.spec.address);
    });
  }

  #outOf(addresses: string[]): string[] {
    return addresses.filter((address) => this.#rotation.isOut(address));
  }

  /** Stops an instance and removes it: its process, its sockets, its entry among the services. */
  async #dismiss(service: ManagedProcess, now = false): Promise<void> {
    await service.stop(now);
    this.#setInstances(this.#instances().filter((other) => other !== service));
    for (const socket of service.spec.sockets) rmSync(socket, { force: true, recursive: true });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => {
      this.#refuseWhenStopping();
      return work();
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #refuseWhenStopping(): void {
    if (this.#stopping) throw new Error(BEING_STOPPED);
  }

  #manage(spec: ServiceSpec): ManagedProcess {
    const hooks: ProcessHooks = { onChange: () => this.#record(), onReturn: () => void this.#afterReturn(spec.name) };
    return new ManagedProcess(spec, this.#environment, hooks);
  }

  #instances(): ManagedProcess[] {
    return [...this.#services.values()].filter(({ spec }) => spec.kind === 'instance');
  }

  /** Replaces the instances, in their place in the order of the services. */
  #setInstances(instances: ManagedProcess[]): void {
    const of = (kinds: string[]) => [...this.#services.values()].filter(({ spec }) => kinds.includes(spec.kind));
    const all = [...of(['redis']), ...instances, ...of(['console', 'nginx'])];
    this.#services = new Map(all.map((service) => [service.spec.name, service]));
    this.#keepPlan();
    this.#record();
  }

  #service(name: string): ManagedProcess {
    const service = this.#services.get(name);
    if (!service)
      throw new Error(`there is no service ${name}; the services are ${[...this.#services.keys()].join(', ')}`);
    return service;
  }

  /** After a service is back from a death: probes the instance through NGINX, which skipped it for a while. */
  async #afterReturn(name: string): Promise<void> {
    const service = this.#services.get(name);
    if (service?.spec.kind === 'redis') await this.#usage?.look();
    if (service?.spec.kind === 'instance' && this.#rotation.isServed) await this.#rotation.isReached(service);
  }

  #keepPlan(): void {
    this.#plan.services = [...this.#services.values()].map(({ spec }) => spec);
    if (!this.#stopping) writeJsonFile(this.#plan.planFile, this.#plan);
  }

  /** Written to disk, so that the processes can be ended when the supervisor was killed. */
  #record(): void {
    const identities: ProcessIdentity[] = [{ name: 'supervisor', pid: process.pid, startedAt: startTime(process.pid) }];
    for (const { spec, pid } of this.#services.values()) {
      if (pid !== undefined) identities.push({ name: spec.name, pid, startedAt: startTime(pid) });
    }
    try {
      writeJsonFile(this.#plan.processesFile, identities);
    } catch (error) {
      // A full disk must not stop the stack.
      eventLine('error', 'the list of processes was not written', { reason: (error as Error).message });
    }
  }
}

/** Saves usage of the stack's own Redis or its nodes; not of a Redis of the user's own. */
function keeperOf({ services, planFile }: SupervisorPlan): UsageKeeper | undefined {
  const places = services.flatMap(({ health }) => (health.kind === 'redis' ? [health] : []));
  return places.length === 0 ? undefined : new UsageKeeper(places, path.join(path.dirname(planFile), 'usage.json'));
}

/** Waits for all of them, then throws the first failure. */
async function allOrThrow(work: Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
