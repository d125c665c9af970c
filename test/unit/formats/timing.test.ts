import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SLOT_TIMING } from '../../../src/adapters/stores/slots/slot_scripts.ts';
import * as times from '../../../src/formats/timing.ts';

const ALL = { ...times };
const ROOT = resolve(import.meta.dirname, '../../..');

/** Each row in ascending order. */
const ORDERS: [string, (keyof typeof times)[]][] = [
  ['silence on a stream', ['HEARTBEAT_MS', 'CLIENT_SILENCE_MS', 'NGINX_STREAM_SILENCE_MS', 'PROVIDER_SILENCE_MS']],
  ['silence of a peer', ['HEARTBEAT_MS', 'SLOW_CLIENT_MS', 'PEER_SILENCE_MS']],
  ['requests that do not arrive', ['NGINX_REQUEST_PAUSE_MS', 'REQUEST_MS']],
  ['idle connections', ['NGINX_IDLE_MS', 'IDLE_MS']],
  [
    'silence of a provider',
    ['PROVIDER_SILENCE_MS', 'PROVIDER_STREAM_SILENCE_MS', 'PROVIDER_WHOLE_SILENCE_MS', 'NGINX_API_SILENCE_MS'],
  ],
  [
    'the log of an instance',
    ['REDIS_COMMAND_MS', 'REDIS_WAIT_MS', 'BEAT_MS', 'LEASE_MS', 'TAKEOVER_WAIT_MS', 'CLIENT_GIVE_UP_MS'],
  ],
  ['slots', ['REDIS_COMMAND_MS', 'SLOT_RENEWAL_MS', 'SLOT_LEASE_MS']],
  ['the cluster view', ['ANNOUNCE_MS', 'ANNOUNCED_MS']],
  ['life of a stream', ['LEASE_MS', 'STREAM_LIFE_MS', 'RUNNING_KEYS_MS', 'NGINX_OLD_WORKERS_MS']],
  ['life of a response in the background', ['STREAM_LIFE_MS', 'BACKGROUND_LIFE_MS', 'BACKGROUND_KEYS_MS']],
  ['reading of a finished stream', ['TAKEOVER_WAIT_MS', 'MIN_RETENTION_MS', 'RETENTION_MS', 'BACKGROUND_RETENTION_MS']],
];

describe('the times that depend on each other', () => {
  it.each(ORDERS)('of %s are in order', (_, names) => {
    const values = names.map((name) => ALL[name]);
    for (const [at, value] of values.slice(1).entries()) expect(value, names[at + 1]).toBeGreaterThan(values[at]!);
  });

  it('leave room for two heartbeats, and for two renewals, that fail', () => {
    const { HEARTBEAT_MS, CLIENT_SILENCE_MS, NGINX_STREAM_SILENCE_MS, PEER_SILENCE_MS } = times;
    for (const silence of [CLIENT_SILENCE_MS, NGINX_STREAM_SILENCE_MS, PEER_SILENCE_MS]) {
      expect(silence).toBeGreaterThan(2 * HEARTBEAT_MS);
    }
    expect(times.LEASE_MS).toBeGreaterThan(2 * times.BEAT_MS);
    expect(times.SLOT_LEASE_MS).toBeGreaterThan(2 * times.SLOT_RENEWAL_MS);
    expect(times.TAKEOVER_WAIT_MS).toBeGreaterThan(2 * times.LEASE_MS);
    expect(times.ANNOUNCED_MS).toBeGreaterThan(2 * times.ANNOUNCE_MS);
    expect(SLOT_TIMING).toMatchObject({ leaseMs: times.SLOT_LEASE_MS, renewMs: times.SLOT_RENEWAL_MS });
  });

  it('are the same where a program can not import them', () => {
    const perl = readFileSync(join(ROOT, 'src/stack/nginx/listen_for_nginx.pl'), 'utf8');
    expect(/pack\('i', ([\d_]+)\)/.exec(perl)?.[1]?.replace('_', '')).toBe(String(times.SLOW_CLIENT_MS));
  });
});
