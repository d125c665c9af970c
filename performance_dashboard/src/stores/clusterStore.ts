import { ClusterRefusal, type ClusterView, followCluster } from '../api.ts';
import { fetchExpected } from '../pageConfig.ts';
import { emptyHistory, type History, remember } from './instanceHistory.ts';
import { Store } from './store.ts';

/** Data older than this is marked as stale. */
const STALE_MS = 3000;
/** A connection without data for this long is closed and opened again. */
const SILENCE_MS = 10_000;
/** A request without a response head for this long is repeated: NGINX may have chosen a frozen instance. */
const HEAD_WITHIN_MS = 8_000;
/** How often the console is asked which instances should be running. */
const EXPECTED_EVERY_MS = 5_000;
const RETRY_MS = [500, 1000, 2000, 4000];

export interface ClusterState {
  /** `paused` while the tab is hidden; `stale`: the connection is open, but sends nothing. */
  link: 'connecting' | 'live' | 'stale' | 'paused' | 'disconnected';
  /** The last view received, kept while disconnected. */
  view: ClusterView | null;
  /** When `view` arrived; milliseconds of the page's clock. */
  viewAt: number;
  /** `X-Gateway-Via` of the last response; undefined before the first. */
  via: string | null | undefined;
  /** Status of the response that ended the connection; null if there was no response. */
  status: number | null;
  history: History;
}

/** Follows the cluster's events for the whole page over one connection, closed while the tab is hidden. */
class ClusterStore extends Store<ClusterState> {
  #apiBaseUrl = '';
  #abort: AbortController | undefined;
  #failures = 0;
  /** When the current request began; undefined once its head has arrived. */
  #waitsSince: number | undefined;
  #expected: readonly string[] = [];
  #expectedAt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super({ link: 'connecting', view: null, viewAt: 0, via: undefined, status: null, history: emptyHistory });
  }

  /** @param expected names of the instances that should be running @returns stops it */
  follow(apiBaseUrl: string, expected: readonly string[]): () => void {
    this.#apiBaseUrl = apiBaseUrl;
    this.#expected = expected;
    this.#expectedAt = performance.now();
    const onVisibility = () => (document.hidden ? this.#pause() : this.#connect());
    const watch = setInterval(() => this.#watch(), 1000);
    document.addEventListener('visibilitychange', onVisibility);
    onVisibility();
    return () => {
      clearInterval(watch);
      document.removeEventListener('visibilitychange', onVisibility);
      this.#pause();
    };
  }

  #pause(): void {
    clearTimeout(this.#retry);
    this.#abort?.abort();
    this.#abort = undefined;
    this.#waitsSince = undefined;
    this.#patch({ link: 'paused' });
  }

  async #connect(): Promise<void> {
    if (this.#abort) return;
    clearTimeout(this.#retry);
    const abort = new AbortController();
    this.#abort = abort;
    if (this.get().link === 'paused') this.#patch({ link: 'connecting', viewAt: performance.now() });
    this.#waitsSince = performance.now();
    let status: number | null = null;
    try {
      await followCluster(
        this.#apiBaseUrl,
        abort.signal,
        (via) => {
          this.#waitsSince = undefined;
          this.#patch({ via });
        },
        (view) => this.#take(view),
      );
    } catch (error) {
      if (error instanceof ClusterRefusal) status = error.status;
    }
    if (this.#abort !== abort) return;
    this.#abort = undefined;
    // One request without a response does not mean that the API is unreachable.
    const isFirst = this.#failures === 0 && this.get().link === 'connecting' && abort.signal.aborted;
    if (!isFirst) this.#patch({ link: 'disconnected', status });
    const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)] ?? 0;
    this.#failures += 1;
    // Jitter: many open pages must not reconnect at the same moment.
    this.#retry = setTimeout(() => this.#connect(), wait * (0.75 + Math.random() / 2));
  }

  #take(view: ClusterView): void {
    this.#failures = 0;
    const now = performance.now();
    const history = remember(this.get().history, view, now, this.#expected);
    this.#patch({ link: 'live', status: null, view, viewAt: now, history });
  }

  #watch(): void {
    const { link, viewAt } = this.get();
    if (this.#waitsSince !== undefined && performance.now() - this.#waitsSince > HEAD_WITHIN_MS) this.#abort?.abort();
    if (link !== 'live' && link !== 'stale') return;
    void this.#refreshExpected();
    const age = performance.now() - viewAt;
    if (age > SILENCE_MS) this.#abort?.abort();
    else if (age > STALE_MS) this.#patch({ link: 'stale' });
  }

  /** `./weir scale` changes the instances while the page is open. */
  async #refreshExpected(): Promise<void> {
    const now = performance.now();
    if (now - this.#expectedAt < EXPECTED_EVERY_MS) return;
    this.#expectedAt = now;
    this.#expected = (await fetchExpected()) ?? this.#expected;
  }

  #patch(change: Partial<ClusterState>): void {
    this.set({ ...this.get(), ...change });
  }
}

export const clusterStore = new ClusterStore();
