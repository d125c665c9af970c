import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LoadReport } from '../load_report.ts';
import type { LoadRun, RunHead } from '../load_run.ts';

const MAX_RUNS = 100;
const ID = /^[a-z0-9-]{1,64}$/;

/** Saved runs: one JSON file each, and a CSV of its requests. The oldest are deleted when there are too many. */
export class RunStore {
  readonly #folder: string;
  /** Cached heads, so that a list does not read every file. */
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

  /** @throws the system's error if the folder cannot be written */
  save(run: LoadRun, csv?: string): void {
    mkdirSync(this.#folder, { recursive: true });
    this.#heads.delete(run.id);
    if (csv !== undefined) this.#write(`${run.id}.csv`, csv);
    this.#write(`${run.id}.json`, JSON.stringify(run));
    for (const id of this.#ids().slice(MAX_RUNS)) this.remove(id);
  }

  /** Undefined if there is none, or if its file is damaged. */
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

  /** The last finished run; undefined if there is none. */
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

  /** Writes and renames, so that a reader never sees half a file. */
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

/** A report with a name. */
export interface NamedReport {
  name: string;
  report: LoadReport;
}

/** There is no such report; `message` says what to do. */
export class NoReport extends Error {}

/**
 * The report that a reference names: `last`, the id of a saved run, or a file (from `--json`, or a saved run).
 * @throws NoReport
 */
export function findReport(reference: string, runs: RunStore): NamedReport {
  const run = reference === 'last' ? runs.last() : runs.load(reference);
  if (run?.report) return { name: `${run.name} (${run.id})`, report: run.report };
  if (reference === 'last') throw new NoReport('There is no earlier run to compare with. Run ./weir load first.');
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(reference, 'utf8'));
  } catch (error) {
    const why = error instanceof SyntaxError ? 'it is not JSON' : 'there is no such run and no such file';
    throw new NoReport(
      `Cannot compare with "${reference}": ${why}. Give a file written by --json, or the id of a run.`,
    );
  }
  const report = reportOf(value);
  if (!report)
    throw new NoReport(`"${reference}" contains no report of this version. Create one with ./weir load --json FILE.`);
  return { name: reference, report };
}

function reportOf(value: unknown): LoadReport | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const report = 'report' in value ? value.report : value;
  const isReport = typeof report === 'object' && report !== null && 'outcomes' in report && 'phases' in report;
  return isReport ? (report as LoadReport) : undefined;
}
