import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LoadRun } from '../../../src/load/load_run.ts';
import { findReport, RunStore } from '../../../src/load/node/run_store.ts';
import { Summary } from '../../../src/load/summary.ts';
import { loadPlan } from '../../support/load_plan.ts';

let folder: string;
let store: RunStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-runs-'));
  store = new RunStore(join(folder, 'runs'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (id: string, state: LoadRun['state'] = 'finished'): LoadRun => ({
  id,
  name: `run ${id}`,
  started_at: '2026-11-24T22:00:00Z',
  state,
  engine: 'cli',
  plan: loadPlan(),
  report: new Summary().report(),
  snapshot: null,
  strip: [],
});

describe('kept runs', () => {
  it('come back whole, newest first, readable for this account only', () => {
    store.save(run('20261124-1-a'), 'index\r\n0\r\n');
    store.save(run('20261124-2-b'));
    expect(store.list().map(({ id }) => id)).toEqual(['20261124-2-b', '20261124-1-a']);
    expect(store.list()[0]).not.toHaveProperty('strip');
    expect(store.load('20261124-1-a')).toEqual(run('20261124-1-a'));
    expect([store.csv('20261124-1-a'), store.csv('20261124-2-b')]).toEqual(['index\r\n0\r\n', undefined]);
    expect(statSync(join(folder, 'runs', '20261124-1-a.json')).mode & 0o077).toBe(0);
  });

  it('are at most a hundred: the oldest go, with all that belongs to them', () => {
    for (let at = 0; at < 105; at++) store.save(run(`run-${String(at).padStart(3, '0')}`), 'x');
    expect(store.list()).toHaveLength(100);
    expect(store.list().at(-1)?.id).toBe('run-005');
    expect(readdirSync(join(folder, 'runs'))).toHaveLength(200);
  });

  it('are listed as they are now, also where another program keeps and removes some', () => {
    const other = new RunStore(join(folder, 'runs'));
    store.save(run('a'));
    expect(other.list().map(({ id, state }) => [id, state])).toEqual([['a', 'finished']]);
    store.save(run('b'));
    store.remove('a');
    expect(other.list().map(({ id }) => id)).toEqual(['b']);
    store.save(run('b', 'cancelled'));
    expect(store.list().map(({ state }) => state)).toEqual(['cancelled']);
  });

  it('are none where the folder is missing, and pass over what is damaged', () => {
    expect([store.list(), store.last(), store.load('x')]).toEqual([[], undefined, undefined]);
    store.save(run('a'));
    writeFileSync(join(folder, 'runs', 'b.json'), '{"half');
    expect(store.list().map(({ id }) => id)).toEqual(['a']);
  });

  it('never leave their folder', () => {
    writeFileSync(join(folder, 'secret.json'), JSON.stringify(run('secret')));
    for (const id of ['../secret', '..%2fsecret', '/etc/passwd', 'A', '']) {
      expect([store.load(id), store.csv(id)], id).toEqual([undefined, undefined]);
      store.remove(id);
    }
    expect(readdirSync(folder)).toContain('secret.json');
  });

  it('have ids that sort by time and differ', () => {
    const ids = Array.from({ length: 50 }, () => store.newId(new Date('2026-11-24T22:31:05Z')));
    expect(ids[0]).toMatch(/^20261124-223105-[a-z0-9]{4}$/);
    expect(new Set(ids).size).toBeGreaterThan(45);
    expect(store.newId(new Date('2026-11-24T22:31:06Z')) > ids[0]!).toBe(true);
  });
});

describe('a report to compare with', () => {
  it('is the last finished run, a run by its id, or a file', () => {
    store.save(run('a'));
    store.save(run('b', 'cancelled'));
    expect(findReport('last', store).name).toBe('run a (a)');
    expect(findReport('b', store).name).toBe('run b (b)');
    const file = join(folder, 'report.json');
    writeFileSync(file, JSON.stringify({ ...new Summary().report(), plan: loadPlan() }));
    expect(findReport(file, store)).toMatchObject({ name: file, report: { requests: 0 } });
  });

  it.each([
    ['last', /no earlier run/],
    ['nothing', /no such run and no such file\. Give/],
    ['package.json', /no report of this version/],
    ['README.md', /not JSON/],
  ])('"%s" says what is wrong', (reference, message) => {
    expect(() => findReport(reference, store)).toThrow(message);
  });
});
