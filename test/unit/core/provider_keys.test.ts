import { describe, expect, it } from 'vitest';
import { conversationOf } from '../../../src/core/routing/affinity.ts';
import { CredentialStatus } from '../../../src/core/routing/credential_status.ts';
import { ProviderBreaker } from '../../../src/core/routing/provider_breaker.ts';
import { ProviderLoad } from '../../../src/core/routing/provider_load.ts';
import { RoutingTable } from '../../../src/core/routing/routing_table.ts';
import { isHeld, type SelectedRoute } from '../../../src/core/routing/selected_route.ts';
import { WeirError } from '../../../src/formats/error_code.ts';
import { routedUpstream } from '../../support/routed_upstream.ts';

const failure = (status: number, retryAfter?: number) =>
  new WeirError(status === 429 ? 'upstream_rate_limited' : 'upstream_error', {
    details: { status },
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });

let now = 0;
function keyOf(provider: string, key: string, reason?: string) {
  return {
    ...routedUpstream(provider, ['chat'], reason),
    key,
    breaker: new ProviderBreaker(() => now),
    credential: new CredentialStatus(provider, key, () => now),
  };
}
const facts = (conversation?: number) => ({ random: 0.5, conversation: () => conversation });
/** The names of the keys of a route, in the order in which they are asked. */
const keysOf = (route: SelectedRoute) => route.targets.map(({ credential }) => credential?.place);

describe('several keys of a provider', () => {
  const keys = ['A', 'B', 'C'].map((name) => keyOf('p', name));
  const table = new RoutingTable(
    [...keys, keyOf('q', 'Q')],
    {
      both: {
        targets: [
          { provider: 'p', model: 'm' },
          { provider: 'q', model: 'm' },
        ],
      },
    },
    'p',
  );

  it('are one target each, before the next target; a conversation stays with one, and all are used', () => {
    const orders = Array.from({ length: 60 }, (_, at) => {
      const conversation = conversationOf('u', `${at}`);
      const along = keysOf(table.selectNamed('both', 'chat', facts(conversation)));
      expect(along.at(-1)).toBe('Q');
      expect(keysOf(table.selectNamed('p/m', 'chat', facts(conversation)))).toEqual(along.slice(0, 3));
      expect(keysOf(table.select('p', 'm', facts(conversation)))).toEqual(along.slice(0, 3));
      return along[0];
    });
    expect(new Set(orders)).toEqual(new Set(['A', 'B', 'C']));
  });

  it('hold no answer back, as a key is refused with the head', () => {
    expect(isHeld(table.selectNamed('p/m', 'chat', facts()))).toBe(false);
    expect(isHeld(table.selectNamed('both', 'chat', facts()))).toBe(true);
  });

  it.each<[string, number, number | undefined, number]>([
    ['refused', 401, undefined, 5_000],
    ['at its limit', 429, 20, 20_000],
    ['at its limit for a day', 429, 86_400, 60_000],
    ['at its limit for no time', 429, undefined, 1_000],
  ])('go on without one that is %s, in the same order, and come back to it', (_, status, retryAfter, ms) => {
    const conversation = conversationOf('u', 'one');
    const asked = () => keysOf(table.selectNamed('p/m', 'chat', facts(conversation)));
    const [first, ...others] = asked();
    keys.find(({ key }) => key === first)?.credential.failed(failure(status, retryAfter));
    expect(asked()).toEqual([...others, first]);
    now += ms - 1;
    expect(asked()).toEqual([...others, first]);
    now += 1;
    expect(asked()).toEqual([first, ...others]);
    keys.find(({ key }) => key === first)?.credential.accepted();
  });

  it('are announced and listed one by one; the provider is usable with one of them', () => {
    const some = [keyOf('p', 'A', 'The provider p has no key; set A.'), keyOf('p', 'B'), keyOf('q', 'Q')];
    const mixed = new RoutingTable(some, {}, 'p');
    some[1]?.credential.failed(failure(403));
    expect(mixed.refusedKeys()).toEqual({ 'p#2': 403 });
    expect(mixed.breakers()).toEqual({ 'p#1': 'closed', 'p#2': 'closed', q: 'closed' });
    const [p, q] = mixed.view().providers;
    expect(p).toMatchObject({ usable: false, keys: [{ usable: false }, { usable: false }] });
    some[1]?.credential.accepted();
    expect(mixed.view().providers[0]).toMatchObject({
      usable: true,
      keys: [{ usable: false, reason: 'The provider p has no key; set A.' }, { usable: true }],
    });
    expect(mixed.view().providers[0]).not.toHaveProperty('reason');
    expect(q).not.toHaveProperty('keys');
    expect(keysOf(mixed.selectNamed('p/m', 'chat', facts()))).toEqual(['B']);
    expect(mixed.upstreams.map(({ name }) => name)).toEqual(['p', 'q']);
  });
});

describe('the streams at a provider', () => {
  it('are its own, and what the others announced; older instances announce nothing', () => {
    const load = new ProviderLoad();
    load.callsOf('a').count += 2;
    load.callsOf('b').count += 1;
    load.callsOf('a').count += 1;
    load.heard([{ a: 4, c: 1 }, undefined, { a: 1 }]);
    expect(['a', 'b', 'c', 'd'].map((name) => load.of(name))).toEqual([8, 1, 1, 0]);
    expect(load.own(['a', 'c'])).toEqual({ a: 3 });
    load.heard([]);
    expect(load.of('a')).toBe(3);
  });

  it('decide who is asked first on a route that says so', () => {
    const load = new ProviderLoad();
    const routes = {
      r: { order: 'least_busy' as const, targets: ['a', 'b'].map((provider) => ({ provider, model: 'm' })) },
    };
    const table = new RoutingTable([keyOf('a', ''), keyOf('b', '')], routes, 'a', (name) => load.of(name));
    const first = () => table.selectNamed('r', 'chat', facts()).targets[0].provider;
    load.callsOf('a').count = 1;
    expect(first()).toBe('b');
    load.heard([{ b: 2 }]);
    expect(first()).toBe('a');
    expect(table.view().routes[0]).toMatchObject({ order: 'least_busy' });
  });
});
