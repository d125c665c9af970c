import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadReport } from '../../src/load/load_report.ts';
import { connectSupervisor } from '../../src/stack/supervisor/control_client.ts';
import { isSameProcess, type ProcessIdentity } from '../../src/stack/supervisor/process_identity.ts';
import type { ServiceStatus, SupervisorPlan } from '../../src/stack/supervisor/service_spec.ts';
import { freePort } from './free_port.ts';
import { listens } from './listens.ts';
import { until } from './until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = path.join(ROOT, 'src/cli/main.ts');

/** How a command of `./weir` ended. */
export interface CommandEnd {
  code: number;
  stdout: string;
  stderr: string;
}

/** A stack of its own: ports, state, certificates and sockets are shared with no other. */
export class StackFixture implements AsyncDisposable {
  readonly state = mkdtempSync(path.join(tmpdir(), 'weir-real-'));
  readonly ports: { https: number; http: number; dashboard: number };
  readonly #env: NodeJS.ProcessEnv;

  /** Use {@link newStack}. */
  constructor(ports: { https: number; http: number; dashboard: number }, env: NodeJS.ProcessEnv) {
    this.ports = ports;
    this.#env = { ...process.env, WEIR_STATE_DIR: this.state, DRAIN_SECONDS: '2', ...env };
  }

  get url(): string {
    return `https://localhost:${this.ports.https}`;
  }
  get api(): string {
    return `${this.url}/api/v1`;
  }
  get httpUrl(): string {
    return `http://localhost:${this.ports.http}`;
  }
  get dashboard(): string {
    return `http://localhost:${this.ports.dashboard}`;
  }
  /** PEM of the authority; there after the first start. */
  get ca(): string {
    return readFileSync(path.join(this.state, 'ssl/ca.crt'), 'utf8');
  }
  /** The flags that every `start` of this stack needs. */
  get portFlags(): string[] {
    const { https, http, dashboard } = this.ports;
    return ['--https-port', `${https}`, '--http-port', `${http}`, '--dashboard-port', `${dashboard}`];
  }

  /** Runs `./weir` with `args`; never rejects. */
  weir(args: string[], env: NodeJS.ProcessEnv = {}): Promise<CommandEnd> {
    return this.#run(process.execPath, [PROGRAM, ...args], ROOT, env);
  }

  /** Runs a line as it would be typed into a shell, in a folder where `./weir` is this stack's; never rejects. */
  shell(line: string, env: NodeJS.ProcessEnv = {}): Promise<CommandEnd> {
    const launcher = `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`;
    writeFileSync(path.join(this.state, 'weir'), launcher, { mode: 0o755 });
    return this.#run('sh', ['-c', line], this.state, env);
  }

  #run(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<CommandEnd> {
    return new Promise((resolve) => {
      const child = spawn(command, args, {
        cwd,
        env: { ...this.#env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text) => {
        stderr += text;
      });
      child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
    });
  }

  /**
   * The report of `./weir load`. Whether the generator kept up is a question of the machine, and 98 says that it did not;
   * that verdict and exit code agree is not.
   */
  async load(flags: string[]): Promise<LoadReport> {
    const { code, stdout, stderr } = await this.weir(['load', ...flags, '--json', '-']);
    if (code !== 0 && code !== 98) throw new Error(`load ended with ${code}:\n${stderr}`);
    const report = JSON.parse(stdout) as LoadReport;
    if ((report.self_check?.ok === false) !== (code === 98)) throw new Error(`load ended with ${code}:\n${stdout}`);
    return report;
  }

  /** Starts everything; throws what the command said when it fails. */
  async start(flags: string[] = []): Promise<void> {
    const { code, stderr } = await this.weir(['start', '--all', ...this.portFlags, ...flags]);
    if (code !== 0) throw new Error(`start ended with ${code}:\n${stderr}`);
  }

  /** As its supervisor says, who is asked from here: a command for each look is most of a test's work. */
  async services(): Promise<ServiceStatus[]> {
    const supervisor = await connectSupervisor(path.join(this.state, 'plan.json'));
    if (supervisor) return supervisor.status();
    const { stdout } = await this.weir(['status', '--json']);
    return (JSON.parse(stdout) as { services: ServiceStatus[] }).services;
  }

  /** Process id of a service; throws when it has none. */
  async pid(name: string): Promise<number> {
    const pid = (await this.services()).find((service) => service.name === name)?.pid;
    if (!pid) throw new Error(`${name} does not run`);
    return pid;
  }

  /** The text of a log, such as `supervisor`. */
  log(name: string): string {
    return readFileSync(path.join(this.state, `logs/${name}.log`), 'utf8');
  }

  /** What is written to a log from now on: whether it has these words. */
  sinceNow(name: string): (words: string) => boolean {
    const before = this.log(name).length;
    return (words) => this.log(name).slice(before).includes(words);
  }

  /** What its supervisor runs; there while it should be running. */
  plan(): SupervisorPlan {
    return JSON.parse(readFileSync(path.join(this.state, 'plan.json'), 'utf8')) as SupervisorPlan;
  }

  /** What its supervisor owns, and the supervisor itself. */
  processes(): ProcessIdentity[] {
    const file = path.join(this.state, 'processes.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity[]) : [];
  }

  /** Those of its ports at which something listens. */
  async listening(): Promise<number[]> {
    const ports = Object.values(this.ports);
    const answers = await Promise.all(ports.map(listens));
    return ports.filter((_, at) => answers[at]);
  }

  /** Ends everything at once and removes its state. */
  async destroy(): Promise<void> {
    const isLeft = ['plan.json', 'processes.json'].some((name) => existsSync(path.join(this.state, name)));
    if (isLeft) await this.#stopNow();
    rmSync(this.state, { recursive: true, force: true });
  }

  async #stopNow(): Promise<void> {
    const owned = this.processes();
    const supervisor = await connectSupervisor(path.join(this.state, 'plan.json'));
    if (!supervisor) await this.weir(['stop', '--now']);
    await supervisor?.stop(true);
    await until('its processes are gone', () => !owned.some(isSameProcess));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }
}

/** A stack that is not started yet, on ports that are free now. `env` goes to all its commands. */
export async function newStack(env: NodeJS.ProcessEnv = {}): Promise<StackFixture> {
  const ports = { https: await freePort(), http: await freePort(), dashboard: await freePort() };
  return new StackFixture(ports, env);
}
