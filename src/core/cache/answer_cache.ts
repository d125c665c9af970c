import type { Usage } from '../../formats/weir/stream_event.ts';
import type { CacheKind, CacheObserver } from '../observe/cache_observer.ts';
import type { SpanTarget } from '../observe/stream_span.ts';
import type { SelectedRoute } from '../routing/selected_route.ts';
import { SharedUsage } from '../usage/shared_usage.ts';
import type { EntryStore } from './entry_store.ts';
import { Generation } from './generation.ts';
import type { Medium } from './medium.ts';

/** One answer on its way, as routing gives it. */
interface Opening<Answer> {
  readonly head: Promise<void>;
  readonly answer: Promise<Answer>;
  readonly target: SpanTarget;
}

/** The same, and where it comes from, which is known before the head is. */
export interface CachedOpening<Answer> extends Opening<Answer> {
  readonly kind: Promise<CacheKind>;
  /** What of the tokens that this request has seen is its to count, when it ends. @param whole whether it has them all */
  counted(seen: Usage, whole: boolean): Usage;
}

interface CacheOrder<Answer, Head, End> {
  /** Names equal requests. */
  key: string;
  route: Pick<SelectedRoute<unknown>, 'cache'>;
  medium: Medium<Answer, Head, End>;
  /** Of this request. The answer goes on for the others. */
  abort: AbortController;
  /** Asks the provider. @param signal aborted when nobody wants the answer any more */
  open(signal: AbortSignal): Opening<Answer>;
}

/** An answer as it is kept. */
interface Entry<Head, End> {
  target: SpanTarget;
  head: Head;
  pieces: readonly string[];
  end: End;
}

/** An answer under way, for all requests that want it. */
class Running<Head, End> {
  readonly generation = new Generation<End>();
  readonly usage = new SharedUsage();
  readonly kept = Promise.withResolvers<boolean>();
  readonly head = Promise.withResolvers<void>();
  readonly opened = Promise.withResolvers<Head>();
  opening: { readonly target: SpanTarget };

  constructor() {
    this.opening = { target: { provider: '', model: '' } };
    for (const { promise } of [this.head, this.opened]) promise.catch(() => {});
  }

  fail(error: unknown): void {
    this.head.reject(error);
    this.opened.reject(error);
  }
}

/**
 * Gives equal requests one answer: kept from before, or while it is being made. Only whole answers are kept. Equal
 * requests on other instances are asked for by themselves, until one of them is kept.
 */
export class AnswerCache {
  readonly #store: EntryStore;
  readonly #observer: CacheObserver;
  readonly #running = new Map<string, Running<unknown, unknown>>();

  constructor(store: EntryStore, observer: CacheObserver) {
    this.#store = store;
    this.#observer = observer;
  }

  open<Answer, Head, End>(order: CacheOrder<Answer, Head, End>): CachedOpening<Answer> {
    const { key } = order;
    // Equal keys name the door too, so they are of one medium.
    const known = this.#running.get(key) as Running<Head, End> | undefined;
    if (known?.generation.joinable) return this.#join(known, order, 'shared');
    const running = new Running<Head, End>();
    this.#running.set(key, running as Running<unknown, unknown>);
    const opening = this.#join(running, order, 'miss');
    void this.#run(running, order).finally(() => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    });
    return opening;
  }

  #join<Answer, Head, End>(
    running: Running<Head, End>,
    order: CacheOrder<Answer, Head, End>,
    otherwise: CacheKind,
  ): CachedOpening<Answer> {
    const opening = join(running, order, otherwise);
    void opening.kind.then((kind) => this.#observer.cached(kind));
    return opening;
  }

  async #run<Answer, Head, End>(running: Running<Head, End>, order: CacheOrder<Answer, Head, End>): Promise<void> {
    const { generation } = running;
    try {
      const entry = parse<Head, End>(await this.#store.get(order.key));
      running.kept.resolve(entry !== undefined);
      if (entry) return replay(running, entry);
      generation.signal.throwIfAborted();
      const opening = order.open(generation.signal);
      running.opening = opening;
      opening.head.then(running.head.resolve, running.head.reject);
      const head = order.medium.feed(await opening.answer, generation);
      running.opened.resolve(head);
      const ending = await generation.ended;
      const { pieces } = generation;
      if (!ending.ok || !pieces || !order.medium.keepable(ending.end)) return;
      const { provider, model } = opening.target;
      const made: Entry<Head, End> = { target: { provider, model }, head, pieces, end: ending.end };
      await this.#store.set(order.key, JSON.stringify(made), order.route.cache?.ttl_seconds ?? 0);
    } catch (error) {
      running.kept.resolve(false);
      running.fail(error);
    }
  }
}

function join<Answer, Head, End>(
  running: Running<Head, End>,
  { medium, abort: { signal } }: CacheOrder<Answer, Head, End>,
  otherwise: CacheKind,
): CachedOpening<Answer> {
  const reader = running.generation.join(signal);
  const left = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  const answer = running.opened.promise.then((head) => medium.read(head, reader));
  const opening = {
    kind: running.kept.promise.then((kept) => (kept ? 'hit' : otherwise)),
    head: Promise.race([running.head.promise, left]),
    answer: Promise.race([answer, left]),
    get target() {
      return running.opening.target;
    },
    counted: (seen: Usage, whole: boolean) => running.usage.counted(seen, whole, running.generation.isOver),
  };
  // Whoever waits for one of them need not wait for the other.
  for (const promise of [opening.head, opening.answer]) promise.catch(() => {});
  return opening;
}

function replay<Head, End>(running: Running<Head, End>, { target, head, pieces, end }: Entry<Head, End>): void {
  running.opening = { target };
  running.usage.keptFromBefore();
  for (const piece of pieces) running.generation.push(piece);
  running.generation.settle({ ok: true, end });
  running.head.resolve();
  running.opened.resolve(head);
}

/** @returns undefined also for what an other version may have kept */
function parse<Head, End>(text: string | undefined): Entry<Head, End> | undefined {
  if (text === undefined) return undefined;
  try {
    const entry = JSON.parse(text) as Partial<Entry<Head, End>>;
    const isText = Array.isArray(entry.pieces) && entry.pieces.every((piece) => typeof piece === 'string');
    return entry.target && isText && 'end' in entry ? (entry as Entry<Head, End>) : undefined;
  } catch {
    return undefined;
  }
}
