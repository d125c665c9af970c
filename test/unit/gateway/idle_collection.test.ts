import { beforeEach, describe, expect, it } from 'vitest';
import { IdleCollection } from '../../../src/gateway/idle_collection.ts';
import { silentLog } from '../../support/silent_log.ts';

let open = 0;
let collected = 0;
let collection: IdleCollection;
beforeEach(() => {
  open = 0;
  collected = 0;
  collection = new IdleCollection(
    () => open,
    silentLog,
    async () => {
      collected += 1;
    },
  );
});

async function looks(count: number, streams: number): Promise<void> {
  open = streams;
  for (let look = 0; look < count; look += 1) await collection.look();
}

describe('memory is collected', () => {
  it('once, when a crowd has left and no client came for a while', async () => {
    await looks(1, 500);
    await looks(2, 0);
    expect(collected).toBe(0);
    await looks(10, 0);
    expect(collected).toBe(1);
    await looks(1, 500);
    await looks(10, 0);
    expect(collected).toBe(2);
  });

  it('not while anybody streams', async () => {
    await looks(1, 10_000);
    await looks(10, 1);
    for (let again = 0; again < 5; again += 1) {
      await looks(2, 0);
      await looks(1, 1);
    }
    expect(collected).toBe(0);
  });

  it('not for a few streams', async () => {
    await looks(10, 499);
    await looks(10, 0);
    expect(collected).toBe(0);
  });
});
