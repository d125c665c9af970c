import { Fragment } from 'react';
import type { ClusterState } from '../stores/clusterStore.ts';
import { pathNodes } from '../view/pathNodes.ts';
import { StateDot } from './Marks.tsx';

interface Props {
  cluster: ClusterState;
  bypassed: boolean;
  apiBaseUrl: string;
  pageStreams: number;
  running: boolean;
}

/** The path of a request: this page, NGINX, instances, Redis. Each node links to its checks. */
export function PathStrip({ cluster, bypassed, apiBaseUrl, pageStreams, running }: Props) {
  const apiOrigin = new URL(apiBaseUrl).origin;
  const protocol = cluster.link === 'live' ? protocolTo(apiOrigin) : '';
  const pageHost = window.location.host;
  const nodes = pathNodes(cluster, { bypassed, apiOrigin, pageHost, pageStreams, protocol });
  const broken = nodes.findIndex(({ tone }) => tone === 'bad');
  return (
    <section aria-label="Path of a request" className="panel z-10 px-2 py-1 sm:sticky sm:top-2">
      <ol className="grid grid-cols-2 gap-x-2 sm:flex sm:items-center">
        {nodes.map((node, index) => (
          <Fragment key={node.name}>
            {index > 0 && (
              <li aria-hidden="true" className="hidden flex-1 px-1 sm:block">
                <div
                  className="path-line min-w-4"
                  data-flow={broken >= 0 && index >= broken ? 'cut' : running && index < 3 ? 'true' : 'false'}
                />
              </li>
            )}
            <li className="min-w-0">
              <a
                href={`#/doctor/${node.area}`}
                title={`Checks: ${node.name}`}
                className="block rounded px-2 py-2 hover:bg-sunken"
              >
                <span className="block font-medium">{node.name}</span>
                <span className="flex flex-wrap gap-x-2 text-label">
                  <StateDot tone={node.tone} word={node.word} />
                  <span className="text-muted">{node.detail}</span>
                </span>
              </a>
            </li>
          </Fragment>
        ))}
      </ol>
    </section>
  );
}

/** Protocol of the last response from there. For other origins, browsers need their permission. */
function protocolTo(origin: string): string {
  const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
  return entries.findLast(({ name }) => name.startsWith(`${origin}/`))?.nextHopProtocol ?? '';
}
