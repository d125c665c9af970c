import type { Tone } from '../components/StateDot.tsx';
import type { ClusterState } from '../stores/clusterStore.ts';

export interface PathNode {
  name: string;
  tone: Tone;
  word: string;
}

type Link = Pick<ClusterState, 'link' | 'view' | 'via' | 'status' | 'history'>;

/** The nodes of the path, each with what is known of it now; what lies behind a broken node is unknown. */
export function pathNodes(cluster: Link, bypassed: boolean, apiOrigin: string, pageHost: string): PathNode[] {
  return [{ name: 'This page', tone: 'good', word: pageHost }, nginx(cluster, bypassed, apiOrigin), ...behind(cluster)];
}

function nginx({ link, status, via }: Link, bypassed: boolean, apiOrigin: string): PathNode {
  const name = 'NGINX';
  // It answers with these itself when no instance does.
  if (link === 'disconnected' && (status === 502 || status === 504)) return { name, tone: 'good', word: 'answers' };
  if (link === 'disconnected') return { name, tone: 'bad', word: 'can’t be reached' };
  if (bypassed) return { name, tone: 'bad', word: 'bypassed' };
  if (via === undefined || via === null) return { name, tone: 'idle', word: 'not asked yet' };
  return { name, tone: 'good', word: new URL(apiOrigin).host };
}

function behind({ link, view, status, history }: Link): PathNode[] {
  if (link === 'disconnected' || view === null) {
    const unanswered = link === 'disconnected' && status !== null;
    return [
      { name: 'Instances', tone: unanswered ? 'bad' : 'idle', word: unanswered ? 'no answer' : 'unknown' },
      { name: 'Redis', tone: 'idle', word: 'unknown' },
    ];
  }
  const total = history.instances.length;
  const ready = history.instances.filter(({ gone, view: { state } }) => !gone && state === 'ready').length;
  const tone = ready === 0 ? 'bad' : ready < total ? 'warn' : 'good';
  const redisTone = view.redis === 'connected' ? 'good' : view.redis === 'disconnected' ? 'bad' : 'idle';
  return [
    { name: total === 1 ? 'Instance' : 'Instances', tone, word: `${ready} of ${total} ready` },
    { name: 'Redis', tone: redisTone, word: view.redis },
  ];
}
