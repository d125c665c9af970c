import type { Tone } from '../components/Marks.tsx';
import type { ClusterState } from '../stores/clusterStore.ts';
import { readyInstances } from '../stores/instanceHistory.ts';
import { formatCount } from './format.ts';

export interface PathNode {
  name: string;
  tone: Tone;
  word: string;
  /** A number or a protocol; may be empty. */
  detail: string;
  /** Its section on the Doctor screen. */
  area: 'page' | 'nginx' | 'instances' | 'redis';
}

type Link = Pick<ClusterState, 'link' | 'view' | 'via' | 'status' | 'history'>;

interface Around {
  bypassed: boolean;
  apiOrigin: string;
  pageHost: string;
  /** Streams that this page has open. */
  pageStreams: number;
  /** As the browser names it, such as `h2`; empty if it does not say. */
  protocol: string;
}

/** The nodes of the path with their state. Nodes behind a broken one are unknown. */
export function pathNodes(cluster: Link, around: Around): PathNode[] {
  const { pageHost, pageStreams } = around;
  const detail = pageStreams > 0 ? `${pageStreams} ${pageStreams === 1 ? 'stream' : 'streams'} open` : 'idle';
  const page: PathNode = { name: 'This page', tone: 'good', word: pageHost, detail, area: 'page' };
  return [page, nginx(cluster, around), ...behind(cluster)];
}

function nginx({ link, status, via }: Link, { bypassed, apiOrigin, protocol }: Around): PathNode {
  const node = (tone: Tone, word: string, detail = ''): PathNode => {
    return { name: 'NGINX', tone, word, detail, area: 'nginx' };
  };
  // NGINX itself answers 502 and 504 if no instance does.
  if (link === 'disconnected' && (status === 502 || status === 504)) return node('good', 'answers', `status ${status}`);
  if (link === 'disconnected') return node('bad', 'unreachable');
  if (bypassed) return node('bad', 'bypassed', 'no X-Gateway-Via');
  if (via === undefined || via === null) return node('idle', 'no request yet');
  const url = new URL(apiOrigin);
  const certificate = url.protocol === 'https:' ? 'certificate accepted' : 'no certificate';
  return node('good', url.host, [protocol, certificate].filter(Boolean).join(' · '));
}

function behind({ link, view, status, history }: Link): PathNode[] {
  if (link === 'disconnected' || view === null) {
    const unanswered = link === 'disconnected' && status !== null;
    return [
      {
        name: 'Instances',
        tone: unanswered ? 'bad' : 'idle',
        word: unanswered ? 'no answer' : 'unknown',
        detail: '',
        area: 'instances',
      },
      { name: 'Redis', tone: 'idle', word: 'unknown', detail: '', area: 'redis' },
    ];
  }
  const total = history.instances.length;
  const ready = readyInstances(history).length;
  const tone = ready === 0 ? 'bad' : ready < total ? 'warn' : 'good';
  const redisTone = view.redis === 'connected' ? 'good' : view.redis === 'disconnected' ? 'bad' : 'idle';
  const { active_streams, max_connections } = view.totals;
  return [
    {
      name: total === 1 ? 'Instance' : 'Instances',
      tone,
      word: `${ready} of ${total} ready`,
      detail: `${formatCount(active_streams)} of ${formatCount(max_connections)} slots`,
      area: 'instances',
    },
    {
      name: 'Redis',
      tone: redisTone,
      word: view.redis,
      detail: `${view.totals.instances} announced`,
      area: 'redis',
    },
  ];
}
