import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { doctorChecks } from '../../src/cli/doctor_command.ts';
import { type Environment, readEnvironment } from '../../src/cli/environment.ts';
import type { Check } from '../../src/stack/doctor/check.ts';
import { shortRequest } from '../../src/stack/http_request.ts';
import { newStack, type StackFixture } from './stack_fixture.ts';
import { until } from './until.ts';

const TIMEOUT_MS = 90_000;
/** Room for this machine's file limit, whatever it is. */
const FLAGS = ['--max-connections', '300'];

/** A stack whose faults the doctor is to name. */
export class Patient {
  readonly stack: StackFixture;

  /** The doctor's, which is asked in this process: a command of its own each time is half of all the work. */
  readonly #environment: Environment;
  readonly #flags: string[];

  private constructor(stack: StackFixture, flags: string[]) {
    this.stack = stack;
    this.#flags = flags;
    this.#environment = readEnvironment({ ...process.env, WEIR_STATE_DIR: stack.state });
  }

  /** @param more flags of its start */
  static async admit(...more: string[]): Promise<Patient> {
    const stack = await newStack({ DRAIN_SECONDS: '0' });
    const flags = [...FLAGS, ...more];
    await stack.start(flags);
    return new Patient(stack, flags);
  }

  /** What the doctor is not content with, said by this command line where one is given; the certificate of a test, which no browser trusts, does not count. */
  async complaints(line?: string): Promise<Check[]> {
    const checks = line === undefined ? await doctorChecks(this.#environment) : await this.#checksOf(line);
    return checks.filter(({ id, result }) => result !== 'ok' && id !== 'certificate_trust');
  }

  async #checksOf(line: string): Promise<Check[]> {
    const { stdout } = await this.stack.shell(line);
    return (JSON.parse(stdout) as { checks: Check[] }).checks;
  }

  /** Looks until the doctor says what is awaited; fails with what it said last. */
  async #complaintsUntil(what: string, isAwaited: (found: Check[]) => boolean): Promise<Check[]> {
    let last: Check[] = [];
    const look = async () => {
      last = await this.complaints();
      return isAwaited(last) ? last : undefined;
    };
    return until(what, look, TIMEOUT_MS).catch((error: Error) => {
      throw new Error(`${error.message}; the doctor says ${JSON.stringify(last)}`);
    });
  }

  /** Waits until the doctor is content: on a busy machine nine streams may begin too far apart to be held at once. */
  async isWell(): Promise<void> {
    await this.#complaintsUntil('nothing', (checks) => checks.length === 0);
  }

  /** Waits until the doctor names the fault, as the only one, in these words. Returns the command that fixes it. */
  async namedAs(id: Check['id'], words: RegExp): Promise<string> {
    const found = await this.#complaintsUntil(id, (checks) => checks.some((check) => check.id === id));
    expect(found).toMatchObject([{ id, what: expect.stringMatching(words), why: expect.stringMatching(/\w/) }]);
    return found[0]!.fix;
  }

  /** Runs what the doctor said, and waits until it is content. */
  async fixedBy(command: string): Promise<void> {
    const { code, stderr } = await this.stack.shell(command);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    await this.isWell();
  }

  /** What the console has found; its checks are the doctor's. */
  async consoleFindings(): Promise<(Omit<Check, 'result'> & { status: string })[]> {
    const answer = await shortRequest({ url: `${this.stack.dashboard}/api/diagnose`, timeoutMs: 15_000 });
    return (JSON.parse(answer.body) as { findings: (Omit<Check, 'result'> & { status: string })[] }).findings;
  }

  /** Of a service, also of the supervisor. */
  pidOf(service: string): number {
    return this.stack.processes().find(({ name }) => name === service)!.pid;
  }

  signal(service: string, what: NodeJS.Signals): void {
    process.kill(this.pidOf(service), what);
  }

  /** Processes of NGINX's workers. */
  workers(): number[] {
    const master = this.pidOf('nginx');
    const children = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8');
    return children.trim().split(' ').map(Number);
  }

  /** Changes NGINX's configuration by hand, and has it taken up. */
  async edit(change: (conf: string) => string): Promise<void> {
    const file = path.join(this.stack.state, 'nginx.conf');
    const before = readFileSync(file, 'utf8');
    const after = change(before);
    expect(after).not.toBe(before);
    writeFileSync(file, after);
    const old = this.workers();
    this.signal('nginx', 'SIGHUP');
    await until('NGINX has new workers', () => !this.workers().some((pid) => old.includes(pid)));
  }

  /** Whatever was done to it. */
  async startAnew(): Promise<void> {
    await this.stack.weir(['stop', '--now']);
    await this.stack.start(this.#flags);
  }
}
