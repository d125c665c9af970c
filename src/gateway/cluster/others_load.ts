import type { InstanceDirectory } from '../../core/cluster/instance_directory.ts';
import type { ProviderLoad } from '../../core/routing/provider_load.ts';

/** Instances announce a change within a quarter of a second. */
const LOOK_MS = 500;

/**
 * Keeps what the other instances have announced of the streams at providers, so that a request finds it in memory. Asks
 * nothing where no route is ordered by it.
 */
export class OthersLoad {
  readonly #directory: InstanceDirectory;
  readonly #instance: string;
  readonly #load: ProviderLoad;
  readonly #isWanted: () => boolean;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  /** @param instance this one, whose own streams are counted exactly */
  constructor(directory: InstanceDirectory, instance: string, load: ProviderLoad, isWanted: () => boolean) {
    this.#directory = directory;
    this.#instance = instance;
    this.#load = load;
    this.#isWanted = isWanted;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Never rejects: while the directory is away, this instance counts its own streams only. */
  async look(): Promise<void> {
    if (this.#looking || !this.#isWanted()) return;
    this.#looking = true;
    const known = await this.#directory.list().catch(() => []);
    this.#looking = false;
    this.#load.heard(known.filter(({ id }) => id !== this.#instance).map(({ in_flight }) => in_flight));
  }
}
