import type { InstanceView } from './cluster_view.ts';

/** Providers that fail, so that instances leave them alone, with the names of those instances. */
export function leftAlone(instances: readonly Pick<InstanceView, 'id' | 'breakers'>[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { id, breakers } of instances) {
    for (const [provider, state] of Object.entries(breakers)) {
      if (state !== 'closed') found.set(provider, [...(found.get(provider) ?? []), id]);
    }
  }
  return found;
}
