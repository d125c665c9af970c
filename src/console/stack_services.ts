import type { ShortRequest } from '../stack/http_request.ts';
import { ControlClient, expectedInstances } from '../stack/supervisor/control_client.ts';
import type { ServiceStatus } from '../stack/supervisor/service_spec.ts';

/** What a drill does to a service. */
export const DRILL_ACTIONS = ['kill', 'stop', 'start', 'pause', 'continue'] as const;
export type DrillAction = (typeof DRILL_ACTIONS)[number];

const SIGNALS = { kill: 'SIGKILL', pause: 'SIGSTOP', continue: 'SIGCONT' } as const;

/** The processes of the stack, through its supervisor; where there is none, nothing is known and nothing is done. */
export class StackServices {
  readonly #supervisor: ControlClient | undefined;
  readonly #urls: ReadonlyMap<string, string>;
  readonly #planFile: string | undefined;

  /**
   * @param controlSocket of the supervisor; undefined where the stack is not native
   * @param urls of the instances by name, where there is no supervisor to ask
   * @param planFile of the supervisor
   */
  constructor(controlSocket: string | undefined, urls: ReadonlyMap<string, string> = new Map(), planFile?: string) {
    this.#supervisor = controlSocket === undefined ? undefined : new ControlClient(controlSocket);
    this.#urls = urls;
    this.#planFile = planFile;
  }

  get canDrill(): boolean {
    return this.#supervisor !== undefined;
  }

  /** Names of the instances that there should be, whether they answer or not. */
  expected(): string[] {
    return this.#planFile === undefined ? [...this.#urls.keys()] : expectedInstances(this.#planFile);
  }

  /** Empty where the supervisor is not reached. */
  async list(): Promise<ServiceStatus[]> {
    return (await this.#supervisor?.status().catch(() => [])) ?? [];
  }

  /** Name of an instance that serves; undefined where there is none. */
  async firstInstance(): Promise<string | undefined> {
    return (await this.list()).find(({ name, healthy }) => kindOf(name) === 'instance' && healthy)?.name;
  }

  /** The Unix socket of an instance. */
  async socketOf(name: string): Promise<string | undefined> {
    return (await this.#sockets()).get(name);
  }

  /** How each instance that there should be now is asked for `path`, past NGINX, by name. */
  async instanceDoors(path: string): Promise<Map<string, ShortRequest>> {
    const doors = new Map<string, ShortRequest>();
    for (const [name, url] of this.#urls) doors.set(name, { url: `${url}${path}` });
    for (const [name, socket] of await this.#sockets()) doors.set(name, { socket, path });
    return doors;
  }

  async #sockets(): Promise<Map<string, string>> {
    const instances = (await this.list()).filter(({ name, address }) => {
      return kindOf(name) === 'instance' && address.startsWith('unix:');
    });
    return new Map(instances.map(({ name, address }) => [name, address.slice('unix:'.length)]));
  }

  /** Resolves when it was done; a start or a stop takes as long as the service does. @throws the supervisor's sentence */
  async drill(name: string, action: DrillAction): Promise<void> {
    if (action === 'start') await this.#supervisor?.start(name);
    else if (action === 'stop') await this.#supervisor?.stopService(name);
    else await this.#supervisor?.kill(name, SIGNALS[action]);
  }
}

/** `instance`, `redis`, `nginx` or `console`, by the name that the stack gives. */
export function kindOf(name: string): string {
  return name.startsWith('app-') ? 'instance' : (name.split('-', 1)[0] ?? name);
}
