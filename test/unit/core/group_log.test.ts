import { describe, expect, it } from 'vitest';
import { noFaults } from '../../../src/core/durable/fault_point.ts';
import { GroupLog, type LoggedStream } from '../../../src/core/durable/group_log.ts';
import type { AppendReply, LogStore } from '../../../src/core/durable/log_store.ts';
import { until } from '../../support/until.ts';

type Answer = AppendReply | 'nothing';

/** A log whose store answers as the test says; what it was sent, in order. */
function scriptedLog(answer: (n: number, group: string) => Promise<Answer> | Answer, strict = false) {
  const sent: { incarnation: string; n: number; group: string }[] = [];
  const fenced = { count: 0 };
  const late = { count: 0 };
  const append: LogStore['append'] = async (incarnation, n, group) => {
    sent.push({ incarnation, n, group });
    const reply = await answer(n, group);
    if (reply === 'nothing') throw new Error('no answer');
    return reply;
  };
  const log = new GroupLog({
    store: { append } as LogStore,
    incarnation: 'first',
    strict,
    faults: noFaults,
    onFenced: () => {
      fenced.count += 1;
    },
    onLate: () => {
      late.count += 1;
    },
  });
  return { log, sent, fenced, late };
}

function reader() {
  const seen: { seq: number; logged: boolean }[] = [];
  const stream: LoggedStream & { again: number } = {
    again: 0,
    commitTo: (seq, logged) => void seen.push({ seq, logged }),
    loggedAgain() {
      stream.again += 1;
    },
  };
  return { stream, seen };
}

const ok: AppendReply = { kind: 'ok' };

describe('the log of an instance', () => {
  it('shows a frame only when the group that holds it is acknowledged, and sends what waits in one', async () => {
    const first = Promise.withResolvers<Answer>();
    const { log, sent } = scriptedLog((n) => (n === 1 ? first.promise : ok));
    const { stream, seen } = reader();
    log.add(stream, 1, 'a', true);
    for (const [at, text] of ['b', 'c', 'd'].entries()) log.add(stream, at + 2, text, false);
    expect(seen).toEqual([]);
    first.resolve(ok);
    await until('all are shown', () => seen.length === 4);
    expect(sent.map(({ n, group }) => `${n}${group}`)).toEqual(['1a', '2bcd']);
    expect(seen.every(({ logged }) => logged)).toBe(true);
  });

  it('takes a note along with the next frame, and without one with the next renewal', async () => {
    const { log, sent } = scriptedLog(() => ok);
    const { stream, seen } = reader();
    log.note('n');
    log.add(stream, 1, 'a', true);
    await until('it is shown', () => seen.length === 1);
    log.note('m');
    expect(sent.map(({ group }) => group)).toEqual(['na']);
    await log.renew();
    await until('it is sent', () => sent.length === 2);
    expect(sent[1]).toMatchObject({ n: 2, group: 'm' });
  });

  it('sends frames unlogged when the store does not answer, and waits for it again as soon as it answers, however busy', async () => {
    let away = true;
    let busy = true;
    const { log } = scriptedLog(async (n) => {
      if (away) return 'nothing';
      // There is always a next frame before the answer to the last one.
      if (busy) log.add(noise.stream, n, 'x', false);
      return ok;
    });
    const { stream, seen } = reader();
    const noise = reader();
    log.add(stream, 1, 'a', true);
    await until('it goes out unlogged', () => seen.length > 0);
    expect(seen[0]).toEqual({ seq: 1, logged: false });
    log.add(stream, 2, 'b', false);
    expect(seen[1]).toEqual({ seq: 2, logged: false });
    away = false;
    await until('all of it is logged', () => stream.again === 1);
    expect(log.late).toBe(false);
    log.add(stream, 3, 'c', false);
    expect(seen.some(({ seq }) => seq === 3)).toBe(false);
    await until('it is shown', () => seen.some(({ seq, logged }) => seq === 3 && logged));
    busy = false;
  });

  it('waits for as long as the store takes to answer, or to say that it does not', async () => {
    const slow = Promise.withResolvers<Answer>();
    const { log, late } = scriptedLog(() => slow.promise);
    const { stream, seen } = reader();
    log.add(stream, 1, 'a', true);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect({ seen, late: late.count, answering: log.answering }).toEqual({ seen: [], late: 0, answering: true });
    slow.resolve('nothing');
    await until('it goes out unlogged', () => seen.length > 0);
    expect({ seen, late: late.count, answering: log.answering }).toEqual({
      seen: [{ seq: 1, logged: false }],
      late: 1,
      answering: false,
    });
    log.stop();
  });

  it('holds frames back instead, where that is to be strict', async () => {
    let away = true;
    const { log } = scriptedLog(() => (away ? 'nothing' : ok), true);
    const { stream, seen } = reader();
    log.add(stream, 1, 'a', true);
    await until('it was tried again and again', async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return true;
    });
    expect(seen).toEqual([]);
    away = false;
    await until('it is shown', () => seen.length === 1);
    expect(seen).toEqual([{ seq: 1, logged: true }]);
  });

  it('sends again what the store has lost, in order, before what is new', async () => {
    let next = 1;
    const stored: string[] = [];
    const { log } = scriptedLog((n, group) => {
      if (n > next) return { kind: 'gap', next };
      if (n < next) return { kind: 'duplicate' };
      stored.push(group);
      next += 1;
      return ok;
    });
    const { stream, seen } = reader();
    for (const [at, text] of ['a', 'b', 'c'].entries()) {
      log.add(stream, at + 1, text, true);
      await until('it is logged', () => seen.length === at + 1);
    }
    // A failover to a replica that had only the first.
    next = 2;
    stored.splice(1);
    log.add(stream, 4, 'd', true);
    await until('it is shown', () => seen.length === 4);
    expect(stored).toEqual(['a', 'b', 'c', 'd']);
  });

  it('sends it again also while no stream says anything, with the renewal of its lease', async () => {
    let next = 1;
    const stored: string[] = [];
    const { log, fenced } = scriptedLog((n, group) => {
      if (n > next) return { kind: 'gap', next };
      if (group === '' || n < next) return ok;
      stored.push(group);
      next += 1;
      return ok;
    });
    const { stream, seen } = reader();
    log.add(stream, 1, 'a', true);
    await until('it is logged', () => seen.length === 1);
    next = 1;
    stored.length = 0;
    await until('the lease is due', async () => {
      await log.renew();
      return stored.length > 0;
    });
    expect(stored).toEqual(['a']);
    expect(fenced.count).toBe(0);
  });

  it.each(['sealed', 'lost'] as const)('shows nothing more under an incarnation that is %s', async (kind) => {
    const { log, fenced, sent } = scriptedLog(() => ({ kind }));
    const { stream, seen } = reader();
    log.add(stream, 1, 'a', true);
    await until('it is fenced', () => fenced.count === 1);
    log.add(stream, 2, 'b', true);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(seen).toEqual([]);
    expect(sent).toHaveLength(1);
  });
});
