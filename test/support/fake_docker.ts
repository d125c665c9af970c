import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./fake_docker_program.ts', import.meta.url));

/** A process that stands for a container. */
export interface StandIn {
  pid: number;
  env: Record<string, string>;
}

/**
 * A folder with a program `docker`, which starts no container: it writes down how it was called, and sends signals and
 * `exec` to the processes that a test has in a container's place. Put {@link searchPath} into `WEIR_PATH`.
 */
export class FakeDocker implements Disposable {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'weir-docker-'));

  constructor() {
    const line = `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "${this.folder}" "$@"\n`;
    writeFileSync(path.join(this.folder, 'docker'), line, { mode: 0o755 });
  }

  get searchPath(): string {
    return [this.folder, process.env.PATH ?? ''].join(path.delimiter);
  }

  /** What it says to a question: `info`, `version`; `up` is what it fails with. */
  say(what: 'info' | 'version' | 'up', text: string): void {
    writeFileSync(path.join(this.folder, what), text);
  }

  /** All calls of `compose` so far that do something, a line each. */
  calls(): string[] {
    return this.#read<{ args: string[] }>('calls').map(({ args }) => args.join(' '));
  }

  /** The environment of the last `up`. */
  environment(): Record<string, string> {
    const [last] = this.#read<Record<string, string>>('environment').slice(-1);
    if (!last) throw new Error('nothing was started');
    return last;
  }

  standIns(services: Record<string, StandIn>): void {
    writeFileSync(path.join(this.folder, 'stand_ins'), JSON.stringify(services));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }

  #read<T>(name: string): T[] {
    let text = '';
    try {
      text = readFileSync(path.join(this.folder, name), 'utf8');
    } catch {
      return [];
    }
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as T);
  }
}
