import { type LoadPlan, startComparison } from '../api.ts';
import { balancedStore, singleStore } from './runStore.ts';
import { Store } from './store.ts';

export interface ComparisonState {
  phase: 'idle' | 'balanced' | 'single' | 'finished' | 'failed';
  error: string | null;
  /** The instance that gets the direct requests. */
  single: string;
}

const TOTAL = 10;

/** The guide's comparison: ten concurrent requests through the balancer, then ten to one instance. */
class ComparisonStore extends Store<ComparisonState> {
  constructor() {
    super({ phase: 'idle', error: null, single: 'app-1' });
  }

  /** @param apiBaseUrl only shown; the console has its own addresses */
  async start(apiBaseUrl: string): Promise<void> {
    const { phase } = this.get();
    if (phase === 'balanced' || phase === 'single') return;
    balancedStore.clear();
    singleStore.clear();
    this.set({ phase: 'balanced', error: null, single: 'app-1' });
    try {
      const { balanced, single, single_instance = 'app-1' } = await startComparison(TOTAL);
      this.set({ phase: 'balanced', error: null, single: single_instance });
      await balancedStore.follow(balanced, planOf(apiBaseUrl));
      this.set({ ...this.get(), phase: 'single' });
      await singleStore.follow(single, planOf(apiBaseUrl));
      const error = balancedStore.get().error ?? singleStore.get().error;
      this.set({ ...this.get(), phase: error ? 'failed' : 'finished', error });
    } catch (error) {
      this.set({ ...this.get(), phase: 'failed', error: error instanceof Error ? error.message : `${error}` });
    }
  }

  stop(): void {
    balancedStore.stop();
    singleStore.stop();
  }
}

const planOf = (url: string): LoadPlan => ({
  url,
  mode: { kind: 'closed', concurrency: TOTAL, requests: TOTAL },
  warmupMs: 0,
  prompt: '',
  model: '',
  provider: '',
  users: 1,
  api: 'weir',
});

export const comparisonStore = new ComparisonStore();
export const COMPARED_REQUESTS = TOTAL;
