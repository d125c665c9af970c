import { describe, expect, it } from 'vitest';
import type { RoutingObserver } from '../../../src/core/observe/observers.ts';
import { ProviderBreaker } from '../../../src/core/routing/provider_breaker.ts';
import { RouteOpening } from '../../../src/core/routing/route_opening.ts';
import type { RouteTarget } from '../../../src/core/routing/selected_route.ts';
import { TimerWheel } from '../../../src/core/time/timer_wheel.ts';
import { WeirError } from '../../../src/formats/error_code.ts';
import { routedUpstream } from '../../support/routed_upstream.ts';
import { silentLog } from '../../support/silent_log.ts';

const failure = (status?: number, retryAfter?: number) =>
  new WeirError(status === 429 ? 'upstream_rate_limited' : 'upstream_error', {
    details: { status },
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });

type Ask = (provider: string, tries: number, signal: AbortSignal) => Promise<string>;

/** Opens along `names`; returns what was asked, and what the observer heard. */
function open(
  names: string[],
  ask: Ask,
  change: (target: RouteTarget) => Partial<RouteTarget> = () => ({}),
  prepare: (provider: string) => void = () => {},
  wheel = new TimerWheel(5),
) {
  const asked: string[] = [];
  const heard: string[] = [];
  const moves: string[] = [];
  const abort = new AbortController();
  const observer: RoutingObserver = {
    attemptStarted: ({ provider, attempt }) => heard.push(`${attempt} ${provider}`),
    attemptSucceeded: ({ provider }) => heard.push(`${provider} answers`),
    attemptFailed: (_, error, next) => heard.push(`${error.code} ${next}`),
  };
  const targets: RouteTarget[] = names.map((name) => {
    const target = {
      provider: name,
      model: 'm',
      ...routedUpstream(name, ['chat']),
    };
    return { ...target, ...change(target) };
  });
  const opening = new RouteOpening<string>(
    {
      route: { name: 'r', targets: targets as [RouteTarget, ...RouteTarget[]], cache: undefined, resumable: false },
      held: true,
      span: undefined,
      threadId: 't',
      userId: 'u',
      signal: abort.signal,
      ask: ({ provider }, signal) => {
        asked.push(provider);
        return ask(provider, asked.filter((name) => name === provider).length, signal);
      },
      prepare: ({ provider }) => prepare(provider),
      onMove: async ({ provider }) => void moves.push(provider),
    },
    { wheel, log: silentLog, observer, random: () => 0 },
  );
  return { opening, asked, heard, moves, abort };
}

describe('a request on its way along a route', () => {
  it('is tried three times, then goes on, and reports each target before it is asked', async () => {
    const { opening, asked, heard, moves } = open(['a', 'b'], async (name) => {
      if (name === 'a') throw failure(500);
      expect(moves).toEqual(['b']);
      return 'from b';
    });
    expect(await opening.answer).toBe('from b');
    await opening.head;
    expect(asked).toEqual(['a', 'a', 'a', 'b']);
    expect(opening.target.provider).toBe('b');
    expect(heard).toEqual([
      '1 a',
      'upstream_error retry',
      '2 a',
      'upstream_error retry',
      '3 a',
      'upstream_error failover',
      '4 b',
      'b answers',
    ]);
  });

  it('ends with the last failure where all have failed', async () => {
    const last = failure(503);
    const { opening, asked, heard } = open(['a', 'b'], async (name) => {
      throw name === 'a' ? failure(401) : last;
    });
    await expect(opening.answer).rejects.toBe(last);
    await expect(opening.head).rejects.toBe(last);
    expect(asked).toEqual(['a', 'b', 'b', 'b']);
    expect(heard.at(-1)).toBe('upstream_error none');
  });

  it('asks no other target where the failure is the client’s own', async () => {
    const { opening, asked } = open(['a', 'b'], async () => {
      throw failure(400);
    });
    await expect(opening.answer).rejects.toMatchObject({ details: { status: 400 } });
    expect(asked).toEqual(['a']);
  });

  it('leaves a provider that wants to be left alone: for the next at once, else for five seconds at the most', async () => {
    const route = open(['a', 'b'], async (name) => {
      if (name === 'a') throw failure(429, 2);
      return 'from b';
    });
    expect(await route.opening.answer).toBe('from b');
    expect(route.asked).toEqual(['a', 'b']);
    const alone = open(['a'], async () => {
      throw failure(429, 6);
    });
    await expect(alone.opening.answer).rejects.toMatchObject({ retryAfter: 6 });
    expect(alone.asked).toEqual(['a']);
  });

  it('ends a target that says nothing, whose call then hears of it', async () => {
    let ended: unknown;
    const hang = (signal: AbortSignal) =>
      new Promise<string>((_, reject) => {
        signal.addEventListener('abort', () => {
          ended = signal.reason;
          reject(signal.reason);
        });
      });
    const { opening, asked } = open(
      ['a', 'b'],
      (name, _, signal) => (name === 'a' ? hang(signal) : Promise.resolve('from b')),
      () => ({ firstTokenMs: 30 }),
    );
    expect(await opening.answer).toBe('from b');
    expect(asked).toEqual(['a', 'b']);
    expect(ended).toMatchObject({ code: 'upstream_timeout' });
  });

  it('ends when its client leaves, also between two tries', async () => {
    const { opening, asked, abort } = open(['a', 'b'], async () => {
      queueMicrotask(() => setTimeout(() => abort.abort(new WeirError('cancelled'))));
      throw failure(429, 0.9);
    });
    await expect(opening.answer).rejects.toMatchObject({ code: 'cancelled' });
    expect(asked).toEqual(['a']);
  });

  it('passes by targets whose circuit is open, and is refused where all are', async () => {
    const breaker = new ProviderBreaker();
    const fault = failure(500);
    for (let at = 0; at < 10; at += 1) await breaker.run('a', 'u', () => Promise.reject(fault)).catch(() => {});
    const route = open(
      ['a', 'b'],
      async (name) => `from ${name}`,
      ({ provider }) => (provider === 'a' ? { breaker } : {}),
    );
    expect(await route.opening.answer).toBe('from b');
    expect(route.asked).toEqual(['b']);
    expect(route.heard).toContain('service_unavailable failover');
    const alone = open(
      ['a'],
      async (name) => `from ${name}`,
      () => ({ breaker }),
    );
    await expect(alone.opening.answer).rejects.toMatchObject({
      code: 'service_unavailable',
      details: { provider: 'a' },
    });
  });

  describe('that some target can not be asked', () => {
    const unsaid = new WeirError('validation_error');
    const onlyTo = (...names: string[]) => {
      return (provider: string) => {
        if (!names.includes(provider)) throw unsaid;
      };
    };

    it('passes it over, without a try and without a mark against its provider', async () => {
      const breaker = new ProviderBreaker();
      const change = () => ({ breaker });
      const { opening, asked, heard, moves } = open(['a', 'b'], async (name) => name, change, onlyTo('b'));
      expect(await opening.answer).toBe('b');
      expect([asked, moves, heard]).toEqual([['b'], ['b'], ['1 b', 'b answers']]);
    });

    it('fails as it would without that target, where the others have failed', async () => {
      const down = failure(401);
      const fail = async () => {
        throw down;
      };
      const { opening, heard, moves } = open(['a', 'b'], fail, undefined, onlyTo('a'));
      await expect(opening.answer).rejects.toBe(down);
      expect([heard, moves]).toEqual([['1 a', 'upstream_error none'], []]);
    });

    it('says why, where no target can be asked', async () => {
      const { opening, asked } = open(['a', 'b'], async (name) => name, undefined, onlyTo());
      await expect(opening.answer).rejects.toBe(unsaid);
      expect(asked).toEqual([]);
    });

    it('says that a circuit is open, where that is all that keeps it from its only target', async () => {
      const breaker = new ProviderBreaker();
      for (let calls = 0; calls < 10; calls += 1) {
        await breaker.run('b', 'u', () => Promise.reject(failure(500))).catch(() => {});
      }
      const change = ({ provider }: RouteTarget) => (provider === 'b' ? { breaker } : {});
      const { opening } = open(['a', 'b'], async (name) => name, change, onlyTo('b'));
      await expect(opening.answer).rejects.toMatchObject({ code: 'service_unavailable' });
    });

    it('lets one go on that says nothing for a minute, where no other can be asked', async () => {
      for (const said of [['a'], ['a', 'b']]) {
        const fires: (() => void)[] = [];
        const timer = (fire: () => void) => ({ arm: (ms: number) => ms === 60_000 && fires.push(fire), cancel() {} });
        const slow = (name: string, signal: AbortSignal) =>
          new Promise<string>((resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
            setImmediate(() => {
              for (const fire of fires.splice(0)) fire();
              resolve(name);
            });
          });
        const ask: Ask = (name, _, signal) => slow(name, signal);
        const { opening } = open(['a', 'b'], ask, undefined, onlyTo(...said), { timer } as unknown as TimerWheel);
        expect(await opening.answer).toBe(said.at(-1));
      }
    });

    it('is translated for a target only when that one’s turn comes', async () => {
      const prepared: string[] = [];
      const { opening } = open(
        ['a', 'b'],
        async (name) => name,
        undefined,
        (name) => void prepared.push(name),
      );
      await opening.answer;
      expect(prepared).toEqual(['a']);
    });
  });

  it.each([429, 401, 402, 403])(
    'takes the next key at once where one is answered with %i, then the next target',
    async (status) => {
      // Names that are equal are keys of one target.
      const { opening, asked, heard } = open(['a', 'a', 'b'], async (name) => {
        if (name === 'a') throw failure(status, 4);
        return 'from b';
      });
      expect(await opening.answer).toBe('from b');
      expect(asked).toEqual(['a', 'a', 'b']);
      expect(heard.filter((event) => !/^\d/.test(event))).toEqual([
        expect.stringMatching(/ retry$/),
        expect.stringMatching(/ failover$/),
        'b answers',
      ]);
      const last = open(['b', 'a', 'a'], async (name, tries) => {
        if (name === 'b' || tries === 1) throw failure(name === 'b' ? 401 : status, 4);
        return 'from the second key';
      });
      expect(await last.opening.answer).toBe('from the second key');
    },
  );

  it('asks the next key where the circuit of one is open, as that one was not asked', async () => {
    const breaker = new ProviderBreaker();
    for (let calls = 0; calls < 10; calls += 1) {
      await breaker.run('a', 'u', () => Promise.reject(failure(500))).catch(() => {});
    }
    let keys = 0;
    const change = () => {
      keys += 1;
      return keys === 1 ? { breaker } : {};
    };
    const { opening, asked } = open(['a', 'a'], async () => 'from the second key', change);
    expect(await opening.answer).toBe('from the second key');
    expect(asked).toEqual(['a']);
  });

  it('does not try other keys where it is the server that fails', async () => {
    const { opening, asked } = open(['a', 'a', 'b'], async (name) => {
      if (name === 'a') throw failure(500);
      return 'from b';
    });
    expect(await opening.answer).toBe('from b');
    expect(asked).toEqual(['a', 'a', 'a', 'b']);
    const alone = open(['a', 'a'], async (_, tries) => {
      throw tries === 1 ? new WeirError('upstream_timeout') : failure(500);
    });
    await expect(alone.opening.answer).rejects.toMatchObject({ code: 'upstream_timeout' });
    expect(alone.asked).toEqual(['a']);
  });
});
