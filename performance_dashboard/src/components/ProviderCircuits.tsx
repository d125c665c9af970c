import type { InstanceView } from '../api.ts';
import { useModelsView } from '../hooks/useModels.ts';
import { providerCircuits } from '../view/providerCircuits.ts';
import { Panel } from './Panel.tsx';
import { StateDot } from './StateDot.tsx';

interface Props {
  instances: readonly InstanceView[];
  apiBaseUrl: string;
  /** Whether the cluster is heard. */
  reachable: boolean;
}

/** Whether requests get through to each provider. */
export function ProviderCircuits({ instances, apiBaseUrl, reachable }: Props) {
  const circuits = providerCircuits(instances, useModelsView(apiBaseUrl, reachable).data?.providers);
  if (circuits.length === 0) return null;
  const troubled = circuits.some(({ tone }) => tone === 'warn' || tone === 'bad');
  return (
    <Panel title="Providers" unit="circuit of each">
      <ul className="flex flex-wrap gap-x-6 gap-y-1">
        {circuits.map(({ provider, tone, words }) => (
          <li key={provider} className="inline-flex flex-wrap items-center gap-x-2">
            <span className="font-medium">{provider}</span>
            <StateDot tone={tone} word={words} />
          </li>
        ))}
      </ul>
      {troubled && (
        <p className="mt-2 text-label text-muted">
          A provider that fails is left alone and then tried by one request. Until that goes well, requests are answered
          by the next target of their route, or refused at once where there is none. One that refuses the key of this
          deployment is mended where ./weir doctor says.
        </p>
      )}
    </Panel>
  );
}
