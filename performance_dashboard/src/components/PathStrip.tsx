import { Fragment } from 'react';
import type { ClusterState } from '../stores/clusterStore.ts';
import { pathNodes } from '../view/pathNodes.ts';
import { StateDot } from './StateDot.tsx';

interface Props {
  cluster: ClusterState;
  bypassed: boolean;
  apiBaseUrl: string;
  running: boolean;
}

/** The way of a request, always on top: this page, NGINX, the instances, Redis. */
export function PathStrip({ cluster, bypassed, apiBaseUrl, running }: Props) {
  const nodes = pathNodes(cluster, bypassed, new URL(apiBaseUrl).origin, window.location.host);
  const broken = nodes.findIndex(({ tone }) => tone === 'bad');
  return (
    <section aria-label="Path of a request" className="panel px-4 py-3">
      <ol className="grid grid-cols-2 gap-x-4 gap-y-3 sm:flex sm:items-center sm:gap-3">
        {nodes.map((node, index) => (
          <Fragment key={node.name}>
            {index > 0 && (
              <li aria-hidden="true" className="hidden flex-1 sm:block">
                <div
                  className="path-line min-w-4"
                  data-flow={broken >= 0 && index >= broken ? 'cut' : running && index < 3 ? 'true' : 'false'}
                />
              </li>
            )}
            <li className="min-w-0">
              <div className="font-medium">{node.name}</div>
              <div className="text-label">
                <StateDot tone={node.tone} word={node.word} />
              </div>
            </li>
          </Fragment>
        ))}
      </ol>
    </section>
  );
}
