import { describe, expect, it, vi } from 'vitest';
import { MemoryUsageStore } from '../../../src/adapters/stores/usage/memory_usage_store.ts';
import { answerUsage, passedUsage, type StreamUsage, wholeUsage } from '../../../src/core/usage/stream_usage.ts';
import { UsageLedger } from '../../../src/core/usage/usage_ledger.ts';
import type { UsageBatch } from '../../../src/core/usage/usage_store.ts';
import { chatFormat } from '../../../src/formats/chat/chat_format.ts';
import { groupUsage, totalUsage } from '../../../src/formats/cluster/group_usage.ts';
import { dayOf, usageDays } from '../../../src/formats/cluster/usage_days.ts';
import { messagesFormat } from '../../../src/formats/messages/messages_format.ts';
import { responsesFormat } from '../../../src/formats/responses/responses_format.ts';

const price = (_: string, model: string) => (model === 'priced' ? { input: 0.15, output: 0.6 } : undefined);
const stream = (more: Partial<StreamUsage> = {}): StreamUsage => ({
  userId: 'u',
  provider: 'openai',
  model: 'priced',
  route: undefined,
  outcome: 'ok',
  usage: { input_tokens: 7, output_tokens: 3, estimated: false },
  ...more,
});

/** A store that can fail, before or after it has added. */
class FlakyStore extends MemoryUsageStore {
  readonly numbers: number[] = [];
  failing: 'no' | 'before' | 'after' = 'no';
  readonly #seen = new Set<string>();

  override async add(batch: UsageBatch): Promise<void> {
    this.numbers.push(batch.number);
    if (this.failing === 'before') throw new Error('away');
    const name = `${batch.incarnation} ${batch.number}`;
    if (!this.#seen.has(name)) await super.add(batch);
    this.#seen.add(name);
    if (this.failing === 'after') throw new Error('the answer was lost');
  }
}

describe('the ledger', () => {
  const today = dayOf(Date.now());

  it('keeps ends apart, adds up tokens, marks estimates, and prices what has a price', async () => {
    const store = new MemoryUsageStore();
    const ledger = new UsageLedger(store, price, 'boot');
    ledger.record('a', stream());
    ledger.record('a', stream({ outcome: 'cancelled', usage: { input_tokens: 2, output_tokens: 4, estimated: true } }));
    const cached = { input_tokens: 7, output_tokens: 3, cached_input_tokens: 5, estimated: false };
    ledger.record('a', stream({ outcome: 'upstream_truncated', usage: cached }));
    ledger.record('a', stream({ model: 'free', route: 'smart' }));
    ledger.record('b', stream({ model: 'priced', route: 'smart' }));
    await ledger.flush();
    const rows = await store.read([today]);
    expect(rows).toHaveLength(3);
    expect(rows[0]).toEqual({
      day: today,
      key: 'a',
      provider: 'openai',
      model: 'priced',
      ok: 1,
      cancelled: 1,
      failed: 1,
      input_tokens: 16,
      output_tokens: 10,
      cached_input_tokens: 5,
      estimated_tokens: 6,
      // 16 × 0.15 and 10 × 0.6 of a millionth.
      cost_usd: 0.0000084,
    });
    // A route goes by its name, and is charged at its target's price.
    expect(rows[1]).toMatchObject({ key: 'a', model: 'smart', cost_usd: null });
    expect(rows[2]).toMatchObject({ key: 'b', model: 'smart', cost_usd: 0.00000285 });
    expect(groupUsage(rows, 'key').map(({ name, requests }) => [name, requests])).toEqual([
      ['a', 4],
      ['b', 1],
    ]);
    expect(groupUsage(rows, 'model').map(({ name }) => name)).toEqual(['openai/priced', 'openai/smart']);
    expect(totalUsage(rows)).toMatchObject({ requests: 5, ok: 3, input_tokens: 30, cost_usd: 0.00001125 });
  });

  it('counts once what a store took and did not confirm, in its order, and loses nothing while it is away', async () => {
    const store = new FlakyStore();
    const ledger = new UsageLedger(store, price, 'boot');
    ledger.record('a', stream());
    store.failing = 'after';
    await ledger.flush();
    ledger.record('a', stream());
    store.failing = 'before';
    await ledger.flush();
    await ledger.flush();
    store.failing = 'no';
    await ledger.flush();
    await ledger.stop();
    expect(await store.read([today])).toMatchObject([{ ok: 2, input_tokens: 14 }]);
    expect(store.numbers).toEqual([1, 1, 1, 1, 2]);
  });

  it('has a bound for the names that clients make up', async () => {
    const store = new MemoryUsageStore();
    const ledger = new UsageLedger(store, price, 'boot');
    for (let at = 0; at < 6_000; at += 1) ledger.record('a', stream({ model: `made-up-${at}` }));
    ledger.record('a', stream({ model: 'made-up-1' }));
    await ledger.flush();
    const rows = await store.read([today]);
    expect(rows).toHaveLength(5_001);
    expect(rows.find(({ model }) => model === '(others)')).toMatchObject({ ok: 1_000 });
    expect(rows.find(({ model }) => model === 'made-up-1')).toMatchObject({ ok: 2 });
  });

  it('adds up users over all models, each at the price of its model, up to a bound', async () => {
    const store = new MemoryUsageStore();
    const ledger = new UsageLedger(store, price, 'boot', 2);
    const record = (user: string, model: string) => {
      ledger.record('app', stream({ model, route: 'smart' }), { provider: '', model: user });
    };
    for (const user of ['alice', 'bob', 'carol', 'dave']) for (const model of ['priced', 'free']) record(user, model);
    await ledger.flush();
    const rows = await store.read([today]);
    expect(rows.map(({ key, provider, model, ok }) => [key, provider, model, ok])).toEqual([
      ['app', '', 'alice', 2],
      ['app', '', 'bob', 2],
      ['app', '', '(others)', 4],
    ]);
    expect(rows[0]).toMatchObject({ input_tokens: 14, cost_usd: (7 * 0.15 + 3 * 0.6) / 1e6 });
  });

  it('gives each day its own', async () => {
    vi.useFakeTimers({ now: Date.parse('2026-11-24T23:59:59.900Z'), toFake: ['Date'] });
    try {
      const store = new MemoryUsageStore();
      const ledger = new UsageLedger(store, price, 'boot');
      ledger.record('a', stream());
      vi.setSystemTime(Date.parse('2026-11-25T00:00:00.100Z'));
      ledger.record('a', stream());
      await ledger.flush();
      await ledger.flush();
      const rows = await store.read(usageDays(2, Date.now()));
      expect(rows.map(({ day, ok }) => [day, ok])).toEqual([
        ['2026-11-24', 1],
        ['2026-11-25', 1],
      ]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('what a stream has used', () => {
  it('is its provider’s report, else four characters a token, else nothing where nothing came', () => {
    const usage = { input: 7, output: 3 };
    expect(answerUsage({ finish: 'stop', finishReason: 'stop', usage }, () => 100, 50)).toEqual({
      input_tokens: 7,
      output_tokens: 3,
      estimated: false,
    });
    expect(answerUsage({ finish: 'stop', finishReason: 'stop' }, () => 101, 50)).toEqual({
      input_tokens: 26,
      output_tokens: 13,
      estimated: true,
    });
    expect(answerUsage(undefined, () => 101, 50)).toMatchObject({ input_tokens: 26, estimated: true });
    expect(answerUsage(undefined, () => 101, 0)).toEqual({ input_tokens: 0, output_tokens: 0, estimated: false });
  });

  it('of bytes that were passed on, too: a piece is a token until the provider has counted', () => {
    expect(passedUsage({ input: 7, output: 3 }, 3, true, 400)).toEqual({
      input_tokens: 7,
      output_tokens: 3,
      estimated: false,
    });
    expect(passedUsage(undefined, 12, true, 400)).toEqual({ input_tokens: 100, output_tokens: 12, estimated: true });
    // Anthropic says the input at once, and of the output what there was then.
    expect(passedUsage({ input: 9, output: 1 }, 12, false, 400)).toEqual({
      input_tokens: 9,
      output_tokens: 12,
      estimated: true,
    });
    expect(passedUsage(undefined, 0, false, 400)).toEqual({ input_tokens: 0, output_tokens: 0, estimated: false });
  });

  it('of whole answers in each format', () => {
    const count = (body: unknown, { usageOf } = chatFormat) => wholeUsage(JSON.stringify(body), 400, usageOf);
    expect(count({ usage: { prompt_tokens: 7, completion_tokens: 3 } })).toMatchObject({
      input_tokens: 7,
      output_tokens: 3,
      estimated: false,
    });
    const usage = { input_tokens: 7, output_tokens: 3, cache_read_input_tokens: 90 };
    expect(count({ usage }, responsesFormat)).toMatchObject({ input_tokens: 7, output_tokens: 3 });
    expect(count({ usage }, messagesFormat)).toMatchObject({ input_tokens: 97, output_tokens: 3 });
    expect(count({ usage: { prompt_tokens: 7, total_tokens: 7 } })).toMatchObject({
      input_tokens: 7,
      output_tokens: 0,
    });
    expect(count({ usage: null })).toMatchObject({ input_tokens: 100, estimated: true });
    expect(wholeUsage('not JSON', 400, chatFormat.usageOf)).toMatchObject({
      input_tokens: 100,
      output_tokens: 2,
      estimated: true,
    });
  });
});
