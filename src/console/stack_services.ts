import { ControlClient } from '../stack/supervisor/control_client.ts';
import type { ServiceStatus } from '../stack/supervisor/service_spec.ts';

/** What a drill does to a service. */
export const DRILL_ACTIONS = ['kill', 'stop', 'start', 'pause', 'continue'] as const;
export type DrillAction = (typeof DRILL_ACTIONS)[number];

const SIGNALS = { kill: 'SIGKILL', pause: 'SIGSTOP', continue: 'SIGCONT' } as const;

/** The processes of the stack, through its supervisor; where there is none, nothing is known and nothing is done. */
export class StackServices {
  readonly #supervisor: ControlClient | undefined;

  /** @param controlSocket of the supervisor; undefined where the stack is not native */
  constructor(controlSocket: string | undefined) {
    this.#supervisor = controlSocket === undefined ? undefined : new ControlClient(controlSocket);
  }

  get canDrill(): boolean {
    return this.#supervisor !== undefined;
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
    const service = (await this.list()).find((each) => each.name === name && kindOf(name) === 'instance');
    return service?.address.startsWith('unix:') ? service.address.slice('unix:'.length) : undefined;
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
