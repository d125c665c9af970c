import { readFileSync } from 'node:fs';
import { readJsonFile } from '../json_file.ts';
import {
  fileLimit,
  hardFileLimit,
  instanceFiles,
  nginxFiles,
  raiseFileLimit,
  softFileLimit,
} from '../machine/file_limit.ts';
import { streamTotal } from '../stack_options.ts';
import { readPlan } from '../supervisor/control_client.ts';
import type { ProcessIdentity } from '../supervisor/process_identity.ts';
import { type Check, type DoctorContext, ok, type Situation, warn } from './check.ts';

const ID = 'file_limit';

/** A process whose limit is too low for its part of the streams. */
interface TooLow {
  name: string;
  pid: number;
  files: number;
  wanted: number;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** NGINX's workers hold its streams. */
function workersOf(master: number): number[] {
  return read(`/proc/${master}/task/${master}/children`).split(' ').filter(Boolean).map(Number);
}

function tooLow({ options }: DoctorContext, { services }: Situation): TooLow | undefined {
  const total = streamTotal(options);
  const perInstance = options.poolScope === 'cluster' ? Math.ceil(total / options.instances) : options.maxConnections;
  const looked = services.flatMap(({ name, pid }) => {
    if (pid === null) return [];
    if (name === 'nginx') return workersOf(pid).map((worker) => ({ name, pid: worker, wanted: nginxFiles(total) }));
    return name.startsWith('app-') ? [{ name, pid, wanted: instanceFiles(perInstance) }] : [];
  });
  return looked
    .map((one) => ({ ...one, files: softFileLimit(read(`/proc/${one.pid}/limits`)) ?? one.wanted }))
    .find(({ files, wanted }) => files < wanted);
}

/** Whether a restart of this one service gives it the limit that it should have. */
function restartHelps({ layout }: DoctorContext, { name, wanted }: TooLow): boolean {
  if (name === 'nginx') return (readPlan(layout.planFile)?.nginx.plan.fileLimit ?? 0) >= wanted;
  const processes = (readJsonFile(layout.processesFile) as ProcessIdentity[] | undefined) ?? [];
  const supervisor = processes.find((one) => one.name === 'supervisor');
  return (hardFileLimit(read(`/proc/${supervisor?.pid}/limits`)) ?? 0) >= wanted;
}

/** Compares open files with the streams that the options allow: for the machine, and for running processes. */
export function checkFileLimit(context: DoctorContext, situation: Situation): Check {
  const wanted = streamTotal(context.options);
  const { files, streams } = fileLimit(wanted);
  const why = 'A stream takes two connections in NGINX and one in its instance; beyond the limit they are refused.';
  if (streams < wanted) {
    const what = `the file limit (ulimit -n) of ${files} allows ${streams} of ${wanted} streams at once`;
    return warn(ID, what, `${why} A smaller --max-connections helps too.`, raiseFileLimit(wanted));
  }
  const low = tooLow(context, situation);
  if (!low) return ok(ID, `${files} open files are enough for ${wanted} streams`);
  const what = `the file limit of ${low.name} (pid ${low.pid}) is ${low.files}; its streams need up to ${low.wanted}`;
  return warn(ID, what, why, restartHelps(context, low) ? `./weir restart ${low.name}` : raiseFileLimit(wanted));
}
