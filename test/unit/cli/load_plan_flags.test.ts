import { describe, expect, it } from 'vitest';
import { type PlanFlags, planOfFlags } from '../../../src/cli/load_plan_flags.ts';

const plan = (flags: Partial<PlanFlags> = {}, keys = 0) =>
  planOfFlags(
    'https://localhost',
    { concurrency: 10, requests: 30, prompt: 'hi', model: 'm', provider: 'fake', ...flags },
    keys,
  );

describe('the flags of load', () => {
  it("make the guide's test where nothing is said", () => {
    expect(plan()).toEqual({
      url: 'https://localhost',
      mode: { kind: 'closed', concurrency: 10, requests: 30 },
      warmupMs: 0,
      prompt: 'hi',
      model: 'm',
      provider: 'fake',
      users: 1,
      api: 'weir',
    });
  });

  it('ask a route by its name alone', () => {
    const routed = plan({ route: 'smart' });
    expect(routed.model).toBe('smart');
    expect(routed).not.toHaveProperty('provider');
  });

  it.each<[Partial<PlanFlags>, object]>([
    [{ duration: 5000 }, { kind: 'closed', concurrency: 10, durationMs: 5000 }],
    [
      { rate: 50, duration: 2000 },
      { kind: 'open', ratePerSecond: 50, arrivals: 'constant', durationMs: 2000, maxInFlight: 10_000 },
    ],
    [
      { rate: 10, poisson: true, seed: 3, maxInFlight: 7 },
      { kind: 'open', ratePerSecond: 10, arrivals: 'poisson', durationMs: 3000, maxInFlight: 7, seed: 3 },
    ],
    [{ findLimit: true }, { kind: 'find_limit', startConcurrency: 10, stepMs: 5000 }],
    [
      { findLimit: true, duration: 900 },
      { kind: 'find_limit', startConcurrency: 10, stepMs: 900 },
    ],
  ])('%j is the mode %j', (flags, mode) => {
    expect(plan(flags).mode).toEqual(mode);
  });

  it('take as many users as there are keys, unless they say how many', () => {
    expect([plan({}, 4).users, plan({ users: 2 }, 4).users, plan({ users: 9 }).users]).toEqual([4, 2, 9]);
  });

  it('search for the limit with many users, as far as the server can distinguish them', () => {
    const users = (url: string, flags: Partial<PlanFlags>, keys = 0) => {
      const asked = { concurrency: 10, requests: 30, prompt: 'hi', model: 'm', provider: 'fake', ...flags };
      return planOfFlags(url, asked, keys).users;
    };
    expect(users('localhost', { findLimit: true })).toBe(2_000);
    expect(users('https://localhost:8443', { findLimit: true, users: 5 })).toBe(5);
    expect(users('https://weir.example', { findLimit: true })).toBe(1);
    expect(users('https://localhost', { findLimit: true }, 3)).toBe(3);
  });

  it('read an SLO by name or by its times', () => {
    expect([plan({ slo: 'code' }).slo, plan({ slo: '300/40' }).slo]).toEqual(['code', { ttftMs: 300, tpotMs: 40 }]);
  });

  it.each<[Partial<PlanFlags>, RegExp]>([
    [{ concurrency: 0 }, /-c and -n/],
    [{ users: 0 }, /--users/],
    [{ poisson: true }, /--poisson and --seed need --rate/],
    [{ rate: 5, findLimit: true }, /leave --rate out/],
    [{ slo: 'fast' }, /--slo can not be "fast"; use chat \(200\/50\), retrieval/],
    [{ fake: '{' }, /--fake: it is not JSON/],
    [{ fake: '{"speed":1}' }, /--fake: .*the knobs are seed/],
    [{ api: 'openai', resumable: true }, /work with --api weir only/],
  ])('%j are refused with what fixes them', (flags, message) => {
    expect(() => plan(flags)).toThrow(message);
  });
});
