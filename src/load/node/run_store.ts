import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LoadReport } from '../load_report.ts';
import type { LoadRun, RunHead } from '../load_run.ts';

const MAX_RUNS = 100;
const ID = /^[a-z0-9-]{1,64}$/;

/** Runs that are kept: a JSON file each, beside it the CSV of its requests; the oldest go when there are too many. */
export class RunStore {
  readonly #folder: string;
  /** What a list shows of each file, so that it doesn't read a hundred of them each time. */
  readonly #heads = new Map<string, RunHead>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** An id that sorts by time, such as `20261124-223105-k3f9`. */
  newId(now: Date = new Date()): string {
    const [day = '', time = ''] = now
      .toISOString()
      .replace(/[-:]|\..*/g, '')
      .split('T');
    return `${day}-${time}-${Math.random().toString(36).slice(2, 6).padEnd(4, '0')}`;
  }

  /** @throws the system's error where the folder can't be written */
  save(run: LoadRun, csv?: string): void {
    mkdirSync(this.#folder, { recursive: true });
    this.#heads.delete(run.id);
    if (csv !== undefined) this.#write(`${run.id}.csv`, csv);
    this.#write(`${run.id}.json`, JSON.stringify(run));
    for (const id of this.#ids().slice(MAX_RUNS)) this.remove(id);
  }

  /** undefined where there is none, or its file is damaged. */
  load(id: string): LoadRun | undefined {
    const text = ID.test(id) ? this.#read(`${id}.json`) : undefined;
    return text === undefined ? undefined : parseRun(text);
  }

  csv(id: string): string | undefined {
    return ID.test(id) ? this.#read(`${id}.csv`) : undefined;
  }

  /** Newest first. */
  list(): RunHead[] {
    const ids = this.#ids();
    for (const known of this.#heads.keys()) if (!ids.includes(known)) this.#heads.delete(known);
    return ids.flatMap((id) => {
      const head = this.#heads.get(id) ?? headOf(this.load(id));
      if (head) this.#heads.set(id, head);
      return head ? [head] : [];
    });
  }

  /** The last one that was not cut short; undefined before there is one. */
  last(): LoadRun | undefined {
    for (const id of this.#ids()) {
      const run = this.load(id);
      if (run?.state === 'finished' && run.report) return run;
    }
    return undefined;
  }

  remove(id: string): void {
    if (!ID.test(id)) return;
    this.#heads.delete(id);
    for (const end of ['json', 'csv']) rmSync(path.join(this.#folder, `${id}.${end}`), { force: true });
  }

  /** A reader never sees half of a file. */
  #write(name: string, text: string): void {
    const file = path.join(this.#folder, name);
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  #read(name: string): string | undefined {
    try {
      return readFileSync(path.join(this.#folder, name), 'utf8');
    } catch {
      return undefined;
    }
  }

  #ids(): string[] {
    try {
      const names = readdirSync(this.#folder).filter((name) => name.endsWith('.json'));
      return names
        .map((name) => name.slice(0, -5))
        .filter((id) => ID.test(id))
        .sort()
        .reverse();
    } catch {
      return [];
    }
  }
}

function headOf(run: LoadRun | undefined): RunHead | undefined {
  if (!run) return undefined;
  const { id, name, started_at, state, engine, plan, report } = run;
  return { id, name, started_at, state, engine, plan, report };
}

function parseRun(text: string): LoadRun | undefined {
  try {
    return JSON.parse(text) as LoadRun;
  } catch {
    return undefined;
  }
}

/** A report and what to call it. */
export interface NamedReport {
  name: string;
  report: LoadReport;
}

/** There is no such report; `message` says in a sentence what to do. */
export class NoReport extends Error {}

/**
 * The report that a person means: `last`, the id of a run that is kept, or a file (`--json`, or a kept run).
 * @throws NoReport
 */
export function findReport(reference: string, runs: RunStore): NamedReport {
  const run = reference === 'last' ? runs.last() : runs.load(reference);
  if (run?.report) return { name: `${run.name} (${run.id})`, report: run.report };
  if (reference === 'last') throw new NoReport('There is no earlier run to compare with; run ./weir load once before.');
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(reference, 'utf8'));
  } catch (error) {
    const why = error instanceof SyntaxError ? 'it is not JSON' : 'there is no such run and no such file';
    throw new NoReport(`"${reference}" can not be compared with (${why}); name a file of --json, or the id of a run.`);
  }
  const report = reportOf(value);
  if (!report)
    throw new NoReport(`"${reference}" holds no report of this version; make one with ./weir load --json FILE.`);
  return { name: reference, report };
}

function reportOf(value: unknown): LoadReport | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const report = 'report' in value ? value.report : value;
  const isReport = typeof report === 'object' && report !== null && 'outcomes' in report && 'phases' in report;
  return isReport ? (report as LoadReport) : undefined;
}
