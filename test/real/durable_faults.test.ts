import { describe, expect, it } from 'vitest';
import { survive } from '../support/fault_scene.ts';

/** The whole matrix of places, deaths and seeds is `npm run soak:faults`; here each place is met once. */
describe.concurrent('instances behind NGINX that die, over HTTP/1.1 and HTTP/2', () => {
  it('all of them, before a commit, after one, and between acknowledgement and wire, cost no client a token', async () => {
    const faults = ['before_commit@9', 'after_commit@9', 'before_wire@9'];
    expect(await survive({ faults, restartMs: 2_000, seeds: [1, 2, 3], tokens: 110 })).toBeGreaterThanOrEqual(3);
  }, 120_000);

  it('two of three, in the end of a stream and in a checkpoint, cost no client a token', async () => {
    // Checkpoints come with a beat, every two seconds.
    const faults = ['in_finish@1', 'in_checkpoint@1', undefined];
    expect(await survive({ faults, restartMs: 300, seeds: [4, 5, 6], tokens: 250 })).toBeGreaterThanOrEqual(2);
  }, 120_000);

  it('one, and then those that take over, after the seal and after the adoption, cost no client a token', async () => {
    const faults = ['after_seal@1', 'after_adopt@1', undefined];
    const scene = { faults, restartMs: 2_000, seeds: [7, 8], tokens: 110, victim: 2 };
    expect(await survive(scene)).toBeGreaterThanOrEqual(2);
  }, 120_000);
});
