import { shortRequest } from '../http_request.ts';
import { readJsonFile } from '../json_file.ts';
import { StackError } from '../stack_error.ts';
import type { ReloadResult } from './reload_instances.ts';
import type { ScaleRequest, ServiceStatus, SupervisorPlan } from './service_spec.ts';

/** Practically no limit: the supervisor limits its own work (a drain may be long), and its death ends the connection. */
const LONG_MS = 86_400_000;

async function ask(
  socket: string,
  method: string,
  path: string,
  timeoutMs: number,
  request?: object,
): Promise<unknown> {
  const sent = request && { body: JSON.stringify(request) };
  const answer = await shortRequest({ socket, method, path, timeoutMs, ...sent });
  const body = JSON.parse(answer.body) as { message?: string };
  if (answer.status !== 200)
    throw new StackError(body.message ?? 'the supervisor refused', './weir logs supervisor says why');
  return body;
}

/** Client of a stack's supervisor. Methods reject with the supervisor's sentence, or when it does not answer. */
export class ControlClient {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  async status(): Promise<ServiceStatus[]> {
    const body = (await ask(this.#socket, 'GET', '/status', 5000)) as { services: ServiceStatus[] };
    return body.services;
  }

  /** Resolves when the service answers. */
  async start(service: string): Promise<void> {
    await ask(this.#socket, 'POST', `/services/${encodeURIComponent(service)}/start`, LONG_MS);
  }

  /** Resolves when it has ended; it stays stopped until {@link start}. */
  async stopService(service: string): Promise<void> {
    await ask(this.#socket, 'POST', `/services/${encodeURIComponent(service)}/stop`, LONG_MS);
  }

  /** Sends it a signal, to simulate a fault; the supervisor reacts as usual. */
  async kill(service: string, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    await ask(this.#socket, 'POST', `/services/${encodeURIComponent(service)}/kill?signal=${signal}`, 5000);
  }

  /** Resolves when the service answers again; `lossless` refuses where no other instance serves meanwhile. */
  async restart(service: string, lossless = false): Promise<void> {
    const path = `/services/${encodeURIComponent(service)}/restart${lossless ? '?lossless=1' : ''}`;
    await ask(this.#socket, 'POST', path, LONG_MS);
  }

  /** Resolves when each instance has reported its result. */
  async reload(): Promise<ReloadResult[]> {
    return ((await ask(this.#socket, 'POST', '/reload', LONG_MS)) as { instances: ReloadResult[] }).instances;
  }

  /** Resolves when NGINX uses the wanted instances and the others have ended. */
  async scale(wanted: ScaleRequest): Promise<void> {
    await ask(this.#socket, 'POST', '/scale', LONG_MS, wanted);
  }

  /** Resolves when every service has ended. */
  async stop(now: boolean): Promise<void> {
    await ask(this.#socket, 'POST', now ? '/stop?now=1' : '/stop', LONG_MS);
  }
}

/** The plan of the supervisor that was started last and not stopped; it may have been killed. */
export function readPlan(planFile: string): SupervisorPlan | undefined {
  return readJsonFile(planFile) as SupervisorPlan | undefined;
}

/** The running supervisor's client; undefined when none answers. */
export async function connectSupervisor(planFile: string): Promise<ControlClient | undefined> {
  const plan = readPlan(planFile);
  if (!plan) return undefined;
  const client = new ControlClient(plan.controlSocket);
  return client.status().then(
    () => client,
    () => undefined,
  );
}

/** Names of the instances that the supervisor keeps, whether they answer or not; none where no stack is started. */
export function expectedInstances(planFile: string): string[] {
  const services = readPlan(planFile)?.services ?? [];
  return services.filter(({ kind }) => kind === 'instance').map(({ name }) => name);
}
