import { writeJsonFile } from '../json_file.ts';
import { askActiveStreams, askHealth } from './ask_health.ts';
import { eventLine } from './event_line.ts';
import { ManagedProcess } from './managed_process.ts';
import { type ProcessIdentity, startTime } from './process_identity.ts';
import type { ServiceSpec, ServiceStatus, SupervisorPlan } from './service_spec.ts';
import { warmUpstream } from './warm_upstream.ts';

/** The owner of all services of one stack. */
export class Supervisor {
  readonly #plan: SupervisorPlan;
  readonly #services: Map<string, ManagedProcess>;

  constructor(plan: SupervisorPlan, environment: NodeJS.ProcessEnv) {
    this.#plan = plan;
    const hooks = { onChange: () => this.#record(), onReturn: (spec: ServiceSpec) => void this.#welcome(spec) };
    this.#services = new Map(plan.services.map((spec) => [spec.name, new ManagedProcess(spec, environment, hooks)]));
    this.#record();
  }

  /** Starts one service and waits until it answers; rejects with a sentence. */
  async start(name: string): Promise<void> {
    await this.#service(name).start();
    eventLine('info', 'service is up', { service: name, pid: this.#service(name).pid });
  }

  /** Stops it in its own time and starts it again; an instance is then brought back into NGINX's rotation. */
  async restart(name: string): Promise<void> {
    const service = this.#service(name);
    eventLine('info', 'service is restarted on request', { service: name });
    await service.stop();
    await service.start();
    await this.#welcome(service.spec);
  }

  /** Sends a signal, as a fault would. False when the service has no process. */
  kill(name: string, signal: NodeJS.Signals): boolean {
    eventLine('warn', 'service is sent a signal on request', { service: name, signal });
    return this.#service(name).signal(signal);
  }

  /**
   * Ends everything: instances first, while NGINX still carries their streams to the end, and Redis last, for the
   * instances give back their places in it. With `now` nothing is waited for.
   */
  async stopAll(now: boolean): Promise<void> {
    eventLine('info', 'stack is stopping', { now });
    for (const kind of ['instance', 'nginx', 'console', 'redis'] as const) {
      const group = [...this.#services.values()].filter((service) => service.spec.kind === kind);
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

  #service(name: string): ManagedProcess {
    const service = this.#services.get(name);
    if (!service)
      throw new Error(`there is no service ${name}; the services are ${[...this.#services.keys()].join(', ')}`);
    return service;
  }

  async #welcome(spec: ServiceSpec): Promise<void> {
    if (spec.kind !== 'instance' || this.#services.get('nginx')?.state !== 'running') return;
    const instances = [...this.#services.values()].filter((service) => service.spec.kind === 'instance').length;
    const seen = await warmUpstream(this.#plan.gatewayUrl, spec.address, instances);
    eventLine(
      seen ? 'info' : 'warn',
      seen ? 'instance gets requests again' : 'instance got no request from NGINX yet',
      {
        service: spec.name,
      },
    );
  }

  /** Kept on disk, so that a stack whose supervisor was killed can still be cleared away. */
  #record(): void {
    const identities: ProcessIdentity[] = [{ name: 'supervisor', pid: process.pid, startedAt: startTime(process.pid) }];
    for (const { spec, pid } of this.#services.values()) {
      if (pid !== undefined) identities.push({ name: spec.name, pid, startedAt: startTime(pid) });
    }
    writeJsonFile(this.#plan.processesFile, identities);
  }
}
