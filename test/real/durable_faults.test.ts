import { describe, expect, it } from 'vitest';
import { survive } from '../support/fault_scene.ts';

/** The whole matrix of places, deaths and seeds is `npm run soak:faults`, which the long forms of the tests run. */
describe('instances behind NGINX that die, over HTTP/1.1 and HTTP/2', () => {
  it('all of them, before a commit, after one, and between acknowledgement and wire, cost no client a token', async () => {
    const faults = ['before_commit@9', 'after_commit@9', 'before_wire@9'];
    expect(await survive({ faults, restartMs: 2_000, seeds: [1, 2, 3], tokens: 110 })).toBeGreaterThanOrEqual(3);
  }, 120_000);
});
