import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conversationOf } from '../../../src/core/routing/affinity.ts';
import { type Candidate, type OrderFacts, orderTargets } from '../../../src/core/routing/target_order.ts';
import { runs } from '../../support/fast_check_runs.ts';

const candidate = (name: string, weight?: number, more: { avoided?: boolean; inFlight?: number } = {}): Candidate => ({
  name,
  weight,
  isAvoided: () => more.avoided ?? false,
  inFlight: () => more.inFlight ?? 0,
});
const facts = (random: number, conversation?: number): OrderFacts => ({ random, conversation: () => conversation });
const names = (candidates: readonly Candidate[]) => candidates.map(({ name }) => name).join(' ');
const conversations = (count: number) => Array.from({ length: count }, (_, at) => conversationOf('user', `${at}`));

describe('the order of targets', () => {
  it('is that of the file where there are no weights', () => {
    const targets = [candidate('a'), candidate('b'), candidate('c')];
    expect(orderTargets(targets, undefined, facts(0.99))).toBe(targets);
  });

  it('begins with the one that is drawn, each as often as it weighs; the others follow as they stand', () => {
    const weighted = [1, 2, 5].map((weight, at) => candidate('abc'.charAt(at), weight));
    const draws = Array.from({ length: 800 }, (_, at) => names(orderTargets(weighted, undefined, facts(at / 800))));
    const counts = (order: string) => draws.filter((drawn) => drawn === order).length;
    expect([counts('a b c'), counts('b a c'), counts('c a b')]).toEqual([100, 200, 500]);
  });

  it('never begins with a target of the weight 0', () => {
    const targets = [candidate('spare', 0), candidate('b', 1)];
    for (const order of [undefined, 'affinity', 'least_busy'] as const) {
      for (const random of [0, 0.5, 0.999]) expect(names(orderTargets(targets, order, facts(random)))).toBe('b spare');
    }
  });
});

describe('affinity', () => {
  const target = fc.record({ weight: fc.integer({ min: 1, max: 20 }) });
  const route = fc.array(target, { minLength: 2, maxLength: 6 }).map((targets) => {
    return targets.map(({ weight }, at) => candidate(`gpu-${at + 1}/model`, weight));
  });

  it('gives each target its share of the conversations', () => {
    const asked = conversations(5_000);
    fc.assert(
      fc.property(route, (targets) => {
        const total = targets.reduce((sum, { weight = 0 }) => sum + weight, 0);
        const first = asked.map((conversation) => orderTargets(targets, 'affinity', facts(0, conversation))[0]);
        for (const each of targets) {
          const share = (each.weight ?? 0) / total;
          const found = first.filter((one) => one === each).length / asked.length;
          // Five standard deviations: the same numbers come each time, but for the weights.
          expect(Math.abs(found - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / asked.length));
        }
      }),
      { numRuns: runs(30) },
    );
  });

  it('moves only the share of a target that comes or goes, and no order beside it', () => {
    const asked = conversations(300);
    fc.assert(
      fc.property(route, fc.nat(), (targets, at) => {
        const gone = targets[at % targets.length] as Candidate;
        const left = targets.filter((each) => each !== gone);
        for (const conversation of asked) {
          const before = orderTargets(targets, 'affinity', facts(0, conversation));
          const after = orderTargets(left, 'affinity', facts(0, conversation));
          expect(after).toEqual(before.filter((each) => each !== gone));
        }
      }),
      { numRuns: runs(30) },
    );
  });

  it('depends on nothing but the names and weights: instances agree, however the targets stand', () => {
    fc.assert(
      fc.property(
        route,
        fc.nat({ max: 2 ** 32 - 1 }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (targets, c, random) => {
          const one = orderTargets(targets, 'affinity', facts(0, c));
          expect(names(orderTargets(targets.toReversed(), 'affinity', facts(random, c)))).toBe(names(one));
        },
      ),
      { numRuns: runs(200) },
    );
  });

  it('goes to the next of its own order while the first one is to be avoided, and comes back', () => {
    const well = ['a', 'b', 'c', 'd'].map((name) => candidate(name));
    for (const conversation of conversations(50)) {
      const usual = orderTargets(well, 'affinity', facts(0, conversation));
      const [first, ...others] = usual.map(({ name }) => name);
      const ill = well.map(({ name }) => candidate(name, undefined, { avoided: name === first }));
      expect(names(orderTargets(ill, 'affinity', facts(0, conversation)))).toBe([...others, first].join(' '));
      expect(orderTargets(well, 'affinity', facts(0, conversation))).toEqual(usual);
    }
  });

  it('is another for another user who names the same conversation', () => {
    const targets = ['a', 'b'].map((name) => candidate(name));
    const of = (user: string) => names(orderTargets(targets, 'affinity', facts(0, conversationOf(user, 'main'))));
    const orders = Array.from({ length: 40 }, (_, at) => of(`user-${at}`));
    expect(new Set(orders)).toEqual(new Set(['a b', 'b a']));
  });

  it('draws by weight what is part of no conversation', () => {
    const targets = [candidate('a', 1), candidate('b', 9)];
    const draws = Array.from({ length: 2_000 }, (_, at) => orderTargets(targets, 'affinity', facts(at / 2_000))[0]);
    expect(draws.filter((drawn) => drawn?.name === 'b').length / 2_000).toBeCloseTo(0.9, 1);
  });
});

describe('least_busy', () => {
  it('begins with the fewest streams for the weight, then goes on to busier ones', () => {
    const targets = [
      candidate('a', 1, { inFlight: 3 }),
      candidate('b', 1, { inFlight: 1 }),
      candidate('large', 8, { inFlight: 10 }),
      candidate('spare', 0),
    ];
    expect(names(orderTargets(targets, 'least_busy', facts(0)))).toBe('large b a spare');
  });

  it('asks one that fails last, however idle it is', () => {
    const targets = [candidate('a', undefined, { avoided: true }), candidate('b', undefined, { inFlight: 50 })];
    expect(names(orderTargets(targets, 'least_busy', facts(0)))).toBe('b a');
  });

  it('takes turns where all are equally busy', () => {
    const targets = ['a', 'b', 'c'].map((name) => candidate(name));
    const orders = [0, 0.34, 0.67].map((random) => names(orderTargets(targets, 'least_busy', facts(random))));
    expect(orders).toEqual(['a b c', 'b c a', 'c a b']);
  });

  it('fills targets by their weights', () => {
    const open = new Map([
      ['small', 0],
      ['large', 0],
    ]);
    const targets = [...open.keys()].map((name): Candidate => {
      return { ...candidate(name, name === 'large' ? 3 : 1), inFlight: () => open.get(name) ?? 0 };
    });
    for (let at = 0; at < 400; at += 1) {
      const [first] = orderTargets(targets, 'least_busy', facts((at % 10) / 10));
      open.set(first?.name ?? '', (open.get(first?.name ?? '') ?? 0) + 1);
    }
    expect([open.get('small'), open.get('large')]).toEqual([100, 300]);
  });
});
