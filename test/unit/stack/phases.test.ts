import { describe, expect, it } from 'vitest';
import { type Phase, type PhaseReporter, runPhases } from '../../../src/stack/phases.ts';

const silent: PhaseReporter = { begin: () => {}, note: () => {}, end: () => {}, fail: () => {} };

function recorder() {
  const story: string[] = [];
  const phase = (title: string, failure?: string): Phase => ({
    title,
    run: async () => {
      story.push(title);
      if (failure) throw new Error(failure);
    },
    undo: async () => void story.push(`undo ${title}`),
  });
  return { story, phase };
}

describe('runPhases', () => {
  it('runs in order and undoes nothing when all is well', async () => {
    const { story, phase } = recorder();
    await runPhases([phase('a'), phase('b')], silent);
    expect(story).toEqual(['a', 'b']);
  });

  it('undoes what was done, and what failed half-way, the last first', async () => {
    const { story, phase } = recorder();
    await expect(runPhases([phase('a'), phase('b', 'no'), phase('c')], silent)).rejects.toThrow('no');
    expect(story).toEqual(['a', 'b', 'undo b', 'undo a']);
  });

  it('goes on undoing when one way back fails, and keeps the first reason', async () => {
    const { story, phase } = recorder();
    const stuck = { ...phase('b'), undo: () => Promise.reject(new Error('stuck')) };
    await expect(runPhases([phase('a'), stuck, phase('c', 'no')], silent)).rejects.toThrow('no');
    expect(story).toEqual(['a', 'b', 'c', 'undo c', 'undo a']);
  });

  it('undoes when it is interrupted', async () => {
    const { story, phase } = recorder();
    const interrupt = new AbortController();
    const interrupting = { ...phase('b'), run: async () => interrupt.abort() };
    await expect(runPhases([phase('a'), interrupting, phase('c')], silent, interrupt.signal)).rejects.toThrow();
    expect(story).toEqual(['a', 'undo b', 'undo a']);
  });
});
