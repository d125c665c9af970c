import type { ShortRequest } from '../stack/http_request.ts';
import { ControlClient, expectedInstances } from '../stack/supervisor/control_client.ts';
import type { ServiceStatus } from '../stack/supervisor/service_spec.ts';

/** Actions of a drill on a service. */
export const DRILL_ACTIONS = ['kill', 'stop', 'start', 'pause', 'continue'] as const;
export type DrillAction = (typeof DRILL_ACTIONS)[number];

const SIGNALS = { kill: 'SIGKILL', pause: 'SIGSTOP', continue: 'SIGCONT' } as const;

/** The processes of the stack, through its supervisor. Without a supervisor, lists are empty and drills do nothing. */
export class StackServices {
  readonly #supervisor: ControlClient | undefined;
  readonly #urls: ReadonlyMap<string, string>;
  readonly #planFile: string | undefined;

  /**
   * @param controlSocket of the supervisor; undefined if the stack is not native
   * @param urls of the instances by name, if there is no supervisor
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

  /** Names of the instances that should be running. */
  expected(): string[] {
    return this.#planFile === undefined ? [...this.#urls.keys()] : expectedInstances(this.#planFile);
  }

  /** Empty if the supervisor does not answer. */
  async list(): Promise<ServiceStatus[]> {
    return (await this.#supervisor?.status().catch(() => [])) ?? [];
  }

  /** Name of a healthy instance; undefined if there is none. */
  async firstInstance(): Promise<string | undefined> {
    return (await this.list()).find(({ name, healthy }) => kindOf(name) === 'instance' && healthy)?.name;
  }

  /** The Unix socket of an instance. */
  async socketOf(name: string): Promise<string | undefined> {
    return (await this.#sockets()).get(name);
  }

  /** Requests for `path` directly to each instance, by name. */
  async instanceRequests(path: string): Promise<Map<string, ShortRequest>> {
    const requests = new Map<string, ShortRequest>();
    for (const [name, url] of this.#urls) requests.set(name, { url: `${url}${path}` });
    for (const [name, socket] of await this.#sockets()) requests.set(name, { socket, path });
    return requests;
  }

  async #sockets(): Promise<Map<string, string>> {
    const instances = (await this.list()).filter(({ name, address }) => {
      return kindOf(name) === 'instance' && address.startsWith('unix:');
    });
    return new Map(instances.map(({ name, address }) => [name, address.slice('unix:'.length)]));
  }

  /** Resolves when it is done; start and stop wait for the service. @throws the supervisor's sentence */
  async drill(name: string, action: DrillAction): Promise<void> {
    if (action === 'start') await this.#supervisor?.start(name);
    else if (action === 'stop') await this.#supervisor?.stopService(name);
    else await this.#supervisor?.kill(name, SIGNALS[action]);
  }
}

/** `instance`, `redis`, `nginx` or `console`, from the name of a service. */
export function kindOf(name: string): string {
  return name.startsWith('app-') ? 'instance' : (name.split('-', 1)[0] ?? name);
}
