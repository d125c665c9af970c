import type { EventParser } from '../../formats/event_parser.ts';
import { isObject } from '../../formats/json_object.ts';
import type { Usage } from '../../formats/weir/stream_event.ts';
import type { CacheKind, CacheObserver } from '../observe/observers.ts';
import type { SpanTarget } from '../observe/stream_span.ts';
import type { SelectedRoute } from '../routing/selected_route.ts';
import type { Answer } from '../upstream/upstream.ts';
import { SharedUsage } from '../usage/stream_usage.ts';
import { feedAnswer, isKeepable, type KeptEnd, type KeptHead, readAnswer } from './answer_medium.ts';
import { type Piece, SharedAnswer } from './shared_answer.ts';

/** One answer on its way, as routing gives it. */
interface Opening {
  readonly head: Promise<void>;
  readonly answer: Promise<Answer>;
  readonly target: SpanTarget;
}

/** The same, and where it comes from, which is known before the head is. */
export interface CachedOpening extends Opening {
  readonly kind: Promise<CacheKind>;
  /** What of the tokens that this request has seen is its to count, when it ends. @param whole whether it has them all */
  counted(seen: Usage, whole: boolean): Usage;
}

interface CacheOrder {
  /** Names equal requests. */
  key: string;
  route: Pick<SelectedRoute, 'cache'>;
  /** Makes one for a stream of bytes. */
  parser: (() => EventParser) | undefined;
  /** Of this request. The answer goes on for the others. */
  abort: AbortController;
  /** Asks the provider. @param signal aborted when no request wants the answer any more */
  open(signal: AbortSignal): Opening;
}

/** An answer as it is kept. */
interface Entry {
  target: SpanTarget;
  head: KeptHead;
  pieces: readonly Piece[];
  end: KeptEnd;
}

/** An answer under way, for all requests that want it. */
class Running {
  readonly shared = new SharedAnswer<KeptEnd>();
  readonly usage = new SharedUsage();
  readonly kept = Promise.withResolvers<boolean>();
  readonly head = Promise.withResolvers<void>();
  readonly opened = Promise.withResolvers<KeptHead>();
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
  readonly #running = new Map<string, Running>();

  constructor(store: EntryStore, observer: CacheObserver) {
    this.#store = store;
    this.#observer = observer;
  }

  open(order: CacheOrder): CachedOpening {
    const { key } = order;
    const known = this.#running.get(key);
    if (known?.shared.joinable) return this.#join(known, order, 'shared');
    const running = new Running();
    this.#running.set(key, running);
    const opening = this.#join(running, order, 'miss');
    void this.#run(running, order).finally(() => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    });
    return opening;
  }

  #join(running: Running, order: CacheOrder, otherwise: CacheKind): CachedOpening {
    const opening = join(running, order, otherwise);
    void opening.kind.then((kind) => this.#observer.cached(kind));
    return opening;
  }

  async #run(running: Running, order: CacheOrder): Promise<void> {
    const { shared } = running;
    try {
      const entry = parse(await this.#store.get(order.key));
      running.kept.resolve(entry !== undefined);
      if (entry) return replay(running, entry);
      shared.signal.throwIfAborted();
      const opening = order.open(shared.signal);
      running.opening = opening;
      opening.head.then(running.head.resolve, running.head.reject);
      const head = feedAnswer(await opening.answer, shared, order.parser);
      running.opened.resolve(head);
      const ending = await shared.ended;
      const { pieces } = shared;
      if (!ending.ok || !pieces || !isKeepable(ending.end)) return;
      const { provider, model } = opening.target;
      const made: Entry = { target: { provider, model }, head, pieces, end: ending.end };
      await this.#store.set(order.key, JSON.stringify(made), order.route.cache?.ttl_seconds ?? 0);
    } catch (error) {
      running.kept.resolve(false);
      running.fail(error);
    }
  }
}

function join(running: Running, { abort: { signal } }: CacheOrder, otherwise: CacheKind): CachedOpening {
  const reader = running.shared.join(signal);
  const left = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  const answer = running.opened.promise.then((head) => readAnswer(head, reader));
  const opening = {
    kind: running.kept.promise.then((kept) => (kept ? 'hit' : otherwise)),
    head: Promise.race([running.head.promise, left]),
    answer: Promise.race([answer, left]),
    get target() {
      return running.opening.target;
    },
    counted: (seen: Usage, whole: boolean) => running.usage.counted(seen, whole, running.shared.isOver),
  };
  // A caller that waits for one of them need not wait for the other.
  for (const promise of [opening.head, opening.answer]) promise.catch(() => {});
  return opening;
}

function replay(running: Running, { target, head, pieces, end }: Entry): void {
  running.opening = { target };
  running.usage.keptFromBefore();
  for (const piece of pieces) running.shared.push(piece);
  running.shared.settle({ ok: true, end });
  running.head.resolve();
  running.opened.resolve(head);
}

/** @returns undefined also for what an other version may have kept */
function parse(text: string | undefined): Entry | undefined {
  if (text === undefined) return undefined;
  try {
    const entry = JSON.parse(text) as Partial<Entry>;
    const isWhole = Array.isArray(entry.pieces) && entry.pieces.every(isPiece);
    return entry.target && isWhole && 'end' in entry ? (entry as Entry) : undefined;
  } catch {
    return undefined;
  }
}

function isPiece(piece: unknown): piece is Piece {
  return typeof piece === 'string' || (isObject(piece) && typeof piece.type === 'string');
}

/** Where whole answers are kept, for a while and within a bound. Never fails: what can't be had is not there. */
export interface EntryStore {
  /** @returns undefined where there is none, it is over, or the store does not answer */
  get(key: string): Promise<string | undefined>;
  /** Keeps it in place of what was there; where there is no room, those go that would be over soonest. */
  set(key: string, entry: string, ttlSeconds: number): Promise<void>;
}
