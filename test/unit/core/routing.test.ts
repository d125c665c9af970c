import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApiFormat } from '../../../src/config/provider_presets.ts';
import {
  countsAgainstProvider,
  failureKind,
  failureReason,
  retryDelay,
} from '../../../src/core/routing/attempt_failure.ts';
import { ProviderBreaker } from '../../../src/core/routing/provider_breaker.ts';
import { RoutingTable } from '../../../src/core/routing/routing_table.ts';
import type { RoutedUpstream } from '../../../src/core/routing/selected_route.ts';
import { type ErrorCode, WeirError } from '../../../src/formats/error_code.ts';
import { routedUpstream } from '../../support/routed_upstream.ts';

const FIRST = { random: 0, conversation: () => undefined };
const failed = (code: ErrorCode, status?: number) => new WeirError(code, { details: { status } });

describe('a failure before the first content', () => {
  it.each<[ErrorCode, number | undefined, string, boolean, string]>([
    ['upstream_error', undefined, 'retry', true, 'unreachable'],
    ['upstream_error', 500, 'retry', true, 'status_500'],
    ['upstream_error', 408, 'retry', false, 'status_408'],
    ['upstream_rate_limited', 429, 'retry', false, 'status_429'],
    ['upstream_timeout', undefined, 'next', true, 'timeout'],
    ['upstream_truncated', undefined, 'next', true, 'truncated'],
    ['upstream_protocol', undefined, 'next', true, 'protocol'],
    ['upstream_error', 200, 'next', true, 'status_200'],
    ['upstream_error', 302, 'next', true, 'status_302'],
    ['upstream_error', 401, 'next', false, 'status_401'],
    ['upstream_error', 400, 'final', false, 'status_400'],
    ['validation_error', undefined, 'final', false, 'validation_error'],
    ['cancelled', undefined, 'final', false, 'cancelled'],
    ['draining', undefined, 'final', false, 'draining'],
    ['slow_reader', undefined, 'final', false, 'slow_reader'],
    ['too_many_connections', undefined, 'final', false, 'too_many_connections'],
  ])('%s with status %s is %s, counts against the provider: %s, and is called %s', (code, status, ...expected) => {
    const error = failed(code, status);
    expect([failureKind(error), countsAgainstProvider(error), failureReason(error)]).toEqual(expected);
  });
});

describe('the names by which keys are allowed models', () => {
  const upstreams: RoutedUpstream[] = [
    routedUpstream('p1', ['chat']),
    routedUpstream('p2', ['chat']),
    routedUpstream('p3', ['messages']),
  ];
  const smart = { targets: [{ provider: 'p2', model: 'm' }] };
  const table = new RoutingTable(upstreams, { smart, both: smart }, 'p1');

  it.each<[string | undefined, string, string[]]>([
    [undefined, 'm', ['p1/m', 'm']],
    ['p1', 'm', ['p1/m', 'm']],
    ['p2', 'm', ['p2/m']],
    // It goes to the default provider, whatever it looks like.
    [undefined, 'p2/m', ['p1/p2/m']],
    [undefined, 'smart', ['smart']],
    ['p1', 'smart', ['p1/smart']],
  ])('are, where the client says provider %s and model %s: %j', (provider, model, names) => {
    expect(table.namesOf(table.select(provider, model, FIRST), 'chat')).toEqual(names);
  });

  it.each<[string, ApiFormat, string[]]>([
    ['p2/m', 'chat', ['p2/m']],
    ['m', 'chat', ['p1/m', 'm']],
    ['m', 'messages', ['p3/m', 'm']],
    ['p9/m', 'chat', ['p1/p9/m']],
    ['both', 'chat', ['both']],
  ])('are, for %s where %s is spoken: %j', (name, protocol, names) => {
    expect(table.namesOf(table.selectNamed(name, protocol, FIRST), protocol)).toEqual(names);
  });
});

describe('the time before another try', () => {
  it('is anything up to a bound that doubles, up to two seconds', () => {
    expect([1, 2, 3, 4, 5].map((tries) => retryDelay(tries, undefined, 1))).toEqual([250, 500, 1_000, 2_000, 2_000]);
    expect(retryDelay(3, undefined, 0)).toBe(0);
  });

  it('is never less than what the provider asks for', () => {
    expect(retryDelay(1, 3, 0)).toBe(3_000);
    expect(retryDelay(1, 3, 1)).toBe(3_250);
  });
});

describe('a circuit', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const run = (breaker: ProviderBreaker, error?: WeirError, user = 'u') =>
    breaker.run('it', user, async () => {
      if (error) throw error;
    });
  async function fail(breaker: ProviderBreaker, times: number, error: WeirError, user = 'u'): Promise<void> {
    for (let at = 0; at < times; at += 1) await expect(run(breaker, error, user)).rejects.toBe(error);
  }
  const ill = failed('upstream_error', 500);

  it('opens after ten tries of which half failed, and not before', async () => {
    const breaker = new ProviderBreaker();
    for (let at = 0; at < 5; at += 1) await run(breaker);
    await fail(breaker, 4, failed('upstream_error', 500));
    expect(breaker.state).toBe('closed');
    await fail(breaker, 1, failed('upstream_error', 500));
    expect([breaker.state, breaker.blockedMs('u')]).toEqual(['open', 5_000]);
    await expect(run(breaker)).rejects.toMatchObject({ code: 'service_unavailable', retryAfter: 5 });
  });

  it.each([
    ['refusals by us', failed('too_many_connections')],
    ['cancellations', failed('cancelled')],
    ['4xx', failed('upstream_error', 404)],
    ['limits of its rate', failed('upstream_rate_limited', 429)],
  ])('stays closed, whatever number of %s there are', async (_, error) => {
    const breaker = new ProviderBreaker();
    await fail(breaker, 50, error);
    expect(breaker.state).toBe('closed');
  });

  it('lets one probe through when its time is over; what that ends with decides', async () => {
    const breaker = new ProviderBreaker();
    await fail(breaker, 10, failed('upstream_timeout'));
    vi.advanceTimersByTime(4_999);
    expect(breaker.blockedMs('u')).toBe(1);
    vi.advanceTimersByTime(1);
    const probe = Promise.withResolvers<void>();
    const probing = breaker.run('it', 'u', () => probe.promise);
    expect(breaker.state).toBe('half_open');
    await expect(run(breaker)).rejects.toMatchObject({ details: { reason: 'breaker' } });
    probe.reject(failed('upstream_timeout'));
    await expect(probing).rejects.toThrow();
    expect(breaker.state).toBe('open');
    vi.advanceTimersByTime(5_000);
    await run(breaker);
    expect(breaker.state).toBe('closed');
  });

  it('stays open after a probe that was cancelled: it has proved nothing', async () => {
    const breaker = new ProviderBreaker();
    await fail(breaker, 10, failed('upstream_timeout'));
    vi.advanceTimersByTime(5_000);
    await fail(breaker, 1, failed('cancelled'));
    expect([breaker.state, breaker.blockedMs('u')]).toEqual(['open', 5_000]);
  });

  it('is closed again after its time, though the clock is set back meanwhile', async () => {
    const breaker = new ProviderBreaker();
    await fail(breaker, 10, ill);
    vi.setSystemTime(Date.now() - 3_600_000);
    expect(breaker.blockedMs('u')).toBe(5_000);
    vi.advanceTimersByTime(5_000);
    await run(breaker);
    expect(breaker.state).toBe('closed');
  });

  it('does not open for all because of one user, however many calls of that one fail while others’ succeed', async () => {
    const breaker = new ProviderBreaker();
    for (const other of ['a', 'b', 'c']) await run(breaker, undefined, other);
    await fail(breaker, 100, ill, 'bad');
    expect(breaker.state).toBe('closed');
    // What the others meet counts: with half of the failures theirs, it opens.
    await fail(breaker, 2, ill, 'a');
    await fail(breaker, 2, ill, 'b');
    expect(breaker.state).toBe('closed');
    await fail(breaker, 1, ill, 'c');
    expect(breaker.state).toBe('open');
  });

  it('opens for one user alone, also a while after others had answers', async () => {
    const breaker = new ProviderBreaker();
    for (let at = 0; at < 20; at += 1) await run(breaker, undefined, 'other');
    vi.advanceTimersByTime(30_001);
    await fail(breaker, 9, ill);
    expect(breaker.state).toBe('closed');
    await fail(breaker, 1, ill);
    expect(breaker.state).toBe('open');
  });

  it('is not kept open by one user’s probes: after one that failed it is the others’ turn', async () => {
    const breaker = new ProviderBreaker();
    await fail(breaker, 10, ill, 'a');
    vi.advanceTimersByTime(5_000);
    await fail(breaker, 1, ill, 'bad');
    await expect(run(breaker, undefined, 'a')).rejects.toMatchObject({ details: { reason: 'breaker' } });
    vi.advanceTimersByTime(5_000);
    expect([breaker.blockedMs('bad'), breaker.blockedMs('a')]).toEqual([1_000, 0]);
    await expect(run(breaker, undefined, 'bad')).rejects.toMatchObject({ details: { reason: 'breaker' } });
    await run(breaker, undefined, 'a');
    expect(breaker.state).toBe('closed');
  });

  it('ignores calls that began before it opened', async () => {
    const breaker = new ProviderBreaker();
    const slow = Promise.withResolvers<void>();
    const waiting = breaker.run('it', 'u', () => slow.promise);
    await fail(breaker, 10, ill);
    slow.resolve();
    await waiting;
    expect(breaker.state).toBe('open');
  });
});
