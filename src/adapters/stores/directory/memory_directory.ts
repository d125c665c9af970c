import type { Announcement, InstanceDirectory } from '../../../core/cluster/instance_directory.ts';

/** Without Redis an instance knows of itself only. */
export class MemoryDirectory implements InstanceDirectory {
  #self: Announcement | undefined;

  async announce(self: Announcement): Promise<void> {
    this.#self = self;
  }

  async list(): Promise<Announcement[]> {
    return this.#self ? [this.#self] : [];
  }

  async withdraw(): Promise<void> {
    this.#self = undefined;
  }

  status(): 'disabled' {
    return 'disabled';
  }
}
