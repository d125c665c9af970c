import { type ClusterView, leftAlone } from '../../formats/cluster/cluster_view.ts';
import { type Check, type DoctorContext, ok, warn } from './check.ts';
import { askCluster } from './gateway_checks.ts';

/** Do requests get through to the providers, as far as requests have shown. */
export async function checkProviders(context: DoctorContext): Promise<Check> {
  return providersFinding(await askCluster(context));
}

export function providersFinding({ instances }: Pick<ClusterView, 'instances'>): Check {
  const id = 'providers';
  const troubled = leftAlone(instances);
  const [first] = [...troubled.values()];
  if (!first) return ok(id, 'no provider is left alone for failing');
  const who = [...troubled].map(([provider, by]) => `${provider} (by ${by.join(', ')})`).join('; ');
  const why =
    'It failed several times. Requests go to the next target of their route, or get 503 where there is none, until one ' +
    'that is let through as a trial goes well. The log says how it failed.';
  return warn(id, `left alone for failing: ${who}`, why, `./weir logs ${first[0]}`);
}
