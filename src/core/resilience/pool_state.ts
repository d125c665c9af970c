import type { PoolState } from '../../formats/cluster/cluster_view.ts';

/** healthy below 70 %, degraded below 90 %, critical below 100 %, exhausted at the limit. */
export function poolState(current: number, max: number): PoolState {
  if (current >= max) return 'exhausted';
  const share = current / max;
  if (share >= 0.9) return 'critical';
  if (share >= 0.7) return 'degraded';
  return 'healthy';
}
