import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import {
  attach,
  chunks,
  contentOf,
  lastId,
  only,
  openThread,
  type Reading,
  resumable,
  sequence,
  sha256,
  textOf,
  threadOf,
} from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

/** The first keeps text apart from its log so seldom that all of it stays there; the second does so all the time. */
const KEEPS = ['60', '1', '10'];
const LOGS_ONLY = 0;
const CHECKPOINTS = 1;
const OTHER = 2;

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.start({
    instances: 3,
    envOf: (at) => ({ CHECKPOINT_SECONDS: KEEPS[at] as string }),
  });
});
afterAll(() => deployment.close());

const begin = async (at: number, seed: number, tokens: number, tokens_per_second: number): Promise<Reading> => {
  const reading = await openThread(deployment.url(at), resumable({ seed, tokens, tokens_per_second }));
  expect(reading.status).toBe(200);
  await until('it streams', () => chunks(reading).length > 10);
  return reading;
};
function expectWhole(seed: number, tokens: number, ...readings: Reading[]): void {
  const text = textOf({ seed, tokens });
  expect(contentOf(...readings)).toBe(text);
  expect(sequence(...readings)).toEqual(Array.from({ length: tokens + 2 }, (_, at) => at));
  expect(only(readings.at(-1) as Reading, 'complete').sha256).toBe(sha256(text));
}
const redis = (...args: string[]) => deployment.redis.cli(...args);
/** How often Redis was asked since the last `config resetstat`. */
async function calls(...commands: string[]): Promise<number> {
  const stats = await redis('info', 'commandstats');
  const counts = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)];
  const wanted = commands.length === 0 ? counts : counts.filter(([, name]) => commands.includes(name as string));
  return wanted.reduce((sum, [, , count]) => sum + Number(count), 0);
}

describe('a stream whose end Redis refuses to store', () => {
  it('keeps its text in the log until it is stored, so that nothing is lost when its instance dies', async () => {
    // Of this one nothing has to stay, so the log is trimmed before and after.
    await (await begin(LOGS_ONLY, 70, 300, 300)).ended;
    const first = await begin(LOGS_ONLY, 71, 300, 150);
    const id = threadOf(first);
    await redis('set', `weir:text:{${id}}`, 'of another type');
    await first.ended;
    expectWhole(71, 300, first);
    await redis('config', 'resetstat');
    // Every two seconds, and up to what could go two seconds before.
    await until('the log was trimmed', async () => (await calls('xtrim')) >= 3, 20_000);
    await deployment.kill(LOGS_ONLY);
    await redis('del', `weir:text:{${id}}`);
    const again = await attach(deployment.url(OTHER), id);
    await again.ended;
    expectWhole(71, 300, again);
    // No provider was asked for it a second time.
    expect(again.events).toEqual(first.events);
    const taken = deployment.at(OTHER).lines.filter(({ event }) => event === 'Stream taken over');
    expect(taken).toEqual([]);
    await deployment.boot(LOGS_ONLY, { CHECKPOINT_SECONDS: '60' });
  });

  it('can be read on while that is so', async () => {
    const first = await begin(LOGS_ONLY, 72, 50, 50);
    const id = threadOf(first);
    await redis('set', `weir:text:{${id}}`, 'of another type');
    await first.ended;
    const again = await attach(deployment.url(OTHER), id);
    await again.ended;
    expectWhole(72, 50, again);
    await redis('del', `weir:text:{${id}}`);
    await until('its end is stored', async () => (await redis('hget', `weir:thread:{${id}}`, 'state')) === 'done');
  });
});

describe('a stream that Redis gives to another owner', () => {
  it('is left by the instance that produced it: its readers are cut, and its slot is free', async () => {
    const first = await begin(CHECKPOINTS, 73, 400, 50);
    await redis('hset', `weir:thread:{${threadOf(first)}}`, 'owner', 'another');
    expect(await first.ended).toBe('broken');
    expect(chunks(first).length).toBeLessThan(400);
    await until('its slot is free', async () => (await deployment.slots(CHECKPOINTS)) === 0);
  });
});

describe('a stream that Redis has forgotten, and nothing else', () => {
  it('is made known again by the instance that produces it', async () => {
    const first = await begin(CHECKPOINTS, 74, 300, 50);
    const id = threadOf(first);
    await redis('del', `weir:thread:{${id}}`, `weir:text:{${id}}`, `weir:req:{${id}}`);
    await until('it is known again', async () => (await redis('hget', `weir:thread:{${id}}`, 'checkpoint')) > '0');
    await deployment.kill(CHECKPOINTS);
    await first.ended;
    const rest = await attach(deployment.url(OTHER), id, lastId(first));
    await rest.ended;
    expectWhole(74, 300, first, rest);
    await deployment.boot(CHECKPOINTS, { CHECKPOINT_SECONDS: '1' });
  });
});

describe('a takeover that fails every time', () => {
  it('asks Redis ever more seldom, is one line in the log, and its clients hear what fails', async () => {
    const first = await begin(LOGS_ONLY, 75, 200, 50);
    const id = threadOf(first);
    await redis('set', `weir:text:{${id}}`, 'of another type');
    await deployment.kill(LOGS_ONLY);
    await first.ended;
    await redis('config', 'resetstat');
    const url = `${deployment.url(OTHER)}/api/v1/stream/${id}`;
    const answers = await Promise.all(Array.from({ length: 5 }, () => fetch(url)));
    expect(await calls()).toBeLessThan(2_000);
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503]);
    for (const answer of answers) expect(await answer.json()).toMatchObject({ details: { reason: 'takeover' } });
    const lines = deployment.at(OTHER).lines.filter(({ event }) => event === 'A stream could not be taken over');
    expect(lines.map(({ thread_id }) => thread_id)).toEqual([id]);

    await redis('del', `weir:text:{${id}}`);
    const rest = await until('it is taken over', async () => {
      const reading = await attach(deployment.url(OTHER), id, lastId(first));
      return reading.status === 200 ? reading : undefined;
    });
    await rest.ended;
    expectWhole(75, 200, first, rest);
  });
});
