import { describe, expect, it } from 'vitest';
import type { ClusterView, InstanceView } from '../../../performance_dashboard/src/api.ts';
import { emptyHistory, readyInstances, remember } from '../../../performance_dashboard/src/stores/instanceHistory.ts';
import { pathNodes } from '../../../performance_dashboard/src/view/pathNodes.ts';

function instance(id: string, active_streams = 0): InstanceView {
  return {
    id,
    boot: 'b',
    state: 'ready',
    active_streams,
    streams_total: 0,
    users: 0,
    pool: {
      state: 'healthy',
      total_connections: active_streams,
      max_connections: 10,
      max_connections_per_user: 3,
      users: 0,
      scope: 'instance',
    },
    breakers: {},
    version: '0.1.0',
    started_at: '2026-11-23T12:00:00Z',
  };
}

function cluster(...instances: InstanceView[]): ClusterView {
  return {
    timestamp: '2026-11-23T12:00:00Z',
    instance: 'app-1',
    redis: 'connected',
    instances,
    totals: { active_streams: 0, max_connections: 0, instances: instances.length },
  };
}

describe('the history of instances', () => {
  it('keeps rows in the order of their names, and one that is gone for a minute', () => {
    const two = remember(emptyHistory, cluster(instance('app-10'), instance('app-2')), 0);
    expect(two.instances.map(({ id }) => id)).toEqual(['app-2', 'app-10']);
    const one = remember(two, cluster(instance('app-10')), 1000);
    expect(one.instances.map(({ id, gone }) => [id, gone])).toEqual([
      ['app-2', true],
      ['app-10', false],
    ]);
    expect(remember(one, cluster(instance('app-10')), 62_000).instances).toHaveLength(1);
  });

  it('has a row for one that should be there, heard or not, for as long as it is expected', () => {
    const expected = ['app-1', 'app-2'];
    const opened = remember(emptyHistory, cluster(instance('app-2')), 0, expected);
    expect(opened.instances.map(({ id, view, gone }) => [id, view?.id, gone])).toEqual([
      ['app-1', undefined, true],
      ['app-2', 'app-2', false],
    ]);
    expect(readyInstances(opened)).toEqual(['app-2']);
    expect(remember(opened, cluster(instance('app-2')), 62_000, expected).instances).toHaveLength(2);
    expect(remember(opened, cluster(instance('app-2')), 62_000, ['app-2']).instances).toHaveLength(1);
  });

  it('keeps a point a second, for two minutes', () => {
    let history = emptyHistory;
    for (let at = 0; at <= 200_000; at += 250) history = remember(history, cluster(instance('app-1', 2)), at);
    expect(history.points).toHaveLength(120);
    expect(history.points.at(-1)).toEqual({ at: 200_000, active: { 'app-1': 2 } });
  });
});

describe('the path', () => {
  it('counts those that should be there', () => {
    const view = cluster(instance('app-2'), instance('app-3'));
    const history = remember(emptyHistory, view, 0, ['app-1', 'app-2', 'app-3']);
    const nodes = pathNodes({ link: 'live', view, via: 'nginx', status: null, history }, around);
    expect(words(nodes)[2]).toBe('2 of 3 ready warn');
  });

  const view = cluster(instance('app-1'), instance('app-2'));
  const live = { link: 'live', view, via: 'nginx', status: null, history: remember(emptyHistory, view, 0) } as const;
  const words = (nodes: ReturnType<typeof pathNodes>) => nodes.map(({ word, tone }) => `${word} ${tone}`);

  const around = { bypassed: false, apiOrigin: 'https://localhost', pageHost: 'p', pageStreams: 0, protocol: 'h2' };

  it('names every node of a whole path', () => {
    expect(words(pathNodes(live, { ...around, pageHost: 'localhost:3001' }))).toEqual([
      'localhost:3001 good',
      'localhost good',
      '2 of 2 ready good',
      'connected good',
    ]);
  });

  it('shows protocol, certificate and slots, and where each node has its checks', () => {
    const nodes = pathNodes(live, { ...around, pageStreams: 2 });
    expect(nodes.map(({ detail }) => detail)).toEqual([
      '2 streams open',
      'h2 · certificate accepted',
      '0 of 0 slots',
      '2 announced',
    ]);
    expect(nodes.map(({ area }) => area)).toEqual(['page', 'nginx', 'instances', 'redis']);
  });

  it('knows nothing of what lies behind a break', () => {
    const gone = { ...live, link: 'disconnected' } as const;
    expect(words(pathNodes(gone, around)).slice(1)).toEqual(['unreachable bad', 'unknown idle', 'unknown idle']);
    const unanswered = { ...gone, status: 502 } as const;
    expect(words(pathNodes(unanswered, around)).slice(1, 3)).toEqual(['answers good', 'no answer bad']);
  });

  it('shows a balancer that was passed by', () => {
    expect(pathNodes({ ...live, via: null }, { ...around, bypassed: true })[1]).toMatchObject({
      tone: 'bad',
      word: 'bypassed',
    });
  });
});
