/** Calls of one provider that are open in this process; who opens one adds one, and takes it away when it ends. */
export interface OpenCalls {
  count: number;
}

/** Streams that providers answer now: those of this instance exactly, those of the others as they announced them last. */
export class ProviderLoad {
  readonly #own = new Map<string, OpenCalls>();
  #others: ReadonlyMap<string, number> = new Map();

  /** The same object for a name for ever: streams of an earlier configuration go on counting. */
  callsOf(provider: string): OpenCalls {
    const calls = this.#own.get(provider) ?? { count: 0 };
    this.#own.set(provider, calls);
    return calls;
  }

  of(provider: string): number {
    return (this.#own.get(provider)?.count ?? 0) + (this.#others.get(provider) ?? 0);
  }

  /** What this instance announces of these providers; those that are idle are left out. */
  own(providers: Iterable<string>): Record<string, number> {
    const open: Record<string, number> = {};
    for (const provider of providers) {
      const { count = 0 } = this.#own.get(provider) ?? {};
      if (count > 0) open[provider] = count;
    }
    return open;
  }

  /** @param announced by each of the other instances; older ones announce nothing */
  heard(announced: Iterable<Readonly<Record<string, number>> | undefined>): void {
    const others = new Map<string, number>();
    for (const each of announced) {
      for (const [provider, count] of Object.entries(each ?? {})) {
        others.set(provider, (others.get(provider) ?? 0) + count);
      }
    }
    this.#others = others;
  }
}
