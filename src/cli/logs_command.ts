import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StackError } from '../stack/stack_error.ts';
import { DEFAULT_STACK_OPTIONS } from '../stack/stack_options.ts';
import type { Environment } from './environment.ts';
import { print } from './reporter.ts';
import { driverFor, keptOptions, layoutOf } from './stack_access.ts';

const FIRST_LINES = 50;
const FIRST_BYTES = 64 * 1024;
const FOLLOW_MS = 250;

/** Reads a log as it grows. */
class LogTail {
  readonly #file: string;
  readonly #label: string;
  #offset: number;
  #partial = '';

  constructor(file: string, label: string) {
    this.#file = file;
    this.#label = label;
    this.#offset = Math.max(0, statSync(file).size - FIRST_BYTES);
  }

  /** The complete lines since the last call. */
  lines(): string[] {
    const size = statSync(this.#file).size;
    // A log that reached its size limit is emptied.
    if (size < this.#offset) this.#offset = 0;
    const buffer = Buffer.alloc(size - this.#offset);
    const fd = openSync(this.#file, 'r');
    const length = readSync(fd, buffer, 0, buffer.length, this.#offset);
    closeSync(fd);
    this.#offset += length;
    const lines = (this.#partial + buffer.toString('utf8', 0, length)).split('\n');
    this.#partial = lines.pop() ?? '';
    return lines.map((line) => this.#label + line);
  }
}

function files(folder: string, service: string | undefined): string[] {
  const all = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.log')) : [];
  const wanted = service === undefined ? all : all.filter((name) => name.startsWith(`${service}.`));
  if (wanted.length > 0) return wanted;
  if (service === undefined) throw new StackError('there are no logs yet', 'start the stack with ./weir start --all');
  const names = [...new Set(all.map((name) => name.split('.')[0]))].join(', ');
  throw new StackError(`there is no log of ${service}`, names ? `choose one of ${names}` : 'start the stack first');
}

/** `logs [service] [-f]`: the last lines, and with `follow` new ones until Ctrl-C. */
export async function logsCommand(
  service: string | undefined,
  follow: boolean,
  environment: Environment,
): Promise<number> {
  const layout = layoutOf(environment);
  const driver = driverFor(keptOptions(layout) ?? DEFAULT_STACK_OPTIONS, environment);
  if (driver.logs) {
    await driver.logs(service, follow, print);
    return 0;
  }
  const { logs } = layout;
  const names = files(logs, service);
  const tails = names.map((name) => {
    return new LogTail(path.join(logs, name), names.length > 1 ? `${name.replace(/\.log$/, '')} | ` : '');
  });
  const write = (lines: string[]) => lines.length > 0 && process.stdout.write(`${lines.join('\n')}\n`);
  for (const tail of tails) write(tail.lines().slice(-FIRST_LINES));
  while (follow) {
    await delay(FOLLOW_MS);
    for (const tail of tails) write(tail.lines());
  }
  return 0;
}
