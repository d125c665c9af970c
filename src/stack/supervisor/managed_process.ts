import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { lastLine } from '../machine/run_command.ts';
import { askHealth } from './ask_health.ts';
import type { ServiceSpec, ServiceState } from './service_spec.ts';
import { eventLine } from './supervisor_log.ts';

function eventOf(line: string): string {
  try {
    const { event } = JSON.parse(line) as { event?: unknown };
    return typeof event === 'string' ? event : line;
  } catch {
    return line.trim();
  }
}

/** Why a process ended, from its output: the last line about an error, otherwise the last line. */
export function lastWords(output: string): string {
  const lines = output.split('\n').filter((line) => !/^\s+at |^Node\.js v|^\s*$/.test(line));
  const errorLine = lines.findLast((line) => /\b\w*error\b|\[emerg\]|fatal/i.test(line));
  return eventOf(errorLine ?? lastLine(lines.join('\n'))).slice(0, 400);
}

const FIRST_BACK_OFF_MS = 200;
const MAX_BACK_OFF_MS = 5000;
/** A start after which the service answered for this long did not fail. */
const STEADY_AFTER_MS = 1000;
const POLL_MS = 50;
/** The reason of a service's end is looked for in this many bytes of its log. */
const WORDS_BYTES = 64 * 1024;

/** Callbacks of the owner. */
export interface ProcessHooks {
  /** A process began or ended. */
  onChange: () => void;
  /** It died, was started again and answers. */
  onReturn: () => void;
}

/**
 * How long to wait before a service is started again. Starts cost CPU, so the wait is twice as long each time; after a
 * service that served for a while it is never longer than what makes starts take half of the time.
 * @param lastMs the wait before this one, 0 for the first
 * @param startMs from the start of the process to its first answer
 * @param servedMs from there to its end
 */
export function backOff(firstMs: number, lastMs: number, startMs: number, servedMs: number): number {
  const mostMs = servedMs < STEADY_AFTER_MS ? MAX_BACK_OFF_MS : Math.min(startMs - servedMs, MAX_BACK_OFF_MS);
  return Math.max(firstMs, Math.min(lastMs * 2, mostMs));
}

/** Signals the remaining processes of a group; usually there are none. */
function signalGroup(leader: number | undefined, signal: 'SIGKILL' | 'SIGCONT'): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, signal);
  } catch {}
}

/** A socket that can not be removed makes the start of the service fail, which is then reported. */
function removeSocket(socket: string): void {
  try {
    rmSync(socket, { force: true });
  } catch {}
}

/** Starts one service, watches it, starts it again when it dies, and stops it. */
export class ManagedProcess {
  readonly spec: ServiceSpec;
  state: ServiceState = 'stopped';
  readonly #environment: NodeJS.ProcessEnv;
  readonly #hooks: ProcessHooks;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #backOffMs = 0;
  #startedAt = 0;
  #readyAt = 0;
  #retry: NodeJS.Timeout | undefined;
  #logOffset = 0;
  /** Whether it should run: otherwise a death is expected. */
  #wanted = false;

  constructor(spec: ServiceSpec, environment: NodeJS.ProcessEnv, hooks: ProcessHooks) {
    this.spec = spec;
    this.#environment = environment;
    this.#hooks = hooks;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it and waits until it answers; does nothing when it runs. Rejects with a sentence that says why not. */
  async start(): Promise<void> {
    if (this.state === 'running') return;
    clearTimeout(this.#retry);
    this.#wanted = true;
    await (this.state === 'stopping' ? this.#ended : undefined);
    const child = this.state === 'starting' && this.#child ? this.#child : this.#spawn();
    const problem = await this.#untilReady(child);
    if (problem === undefined) return;
    await this.stop(true);
    throw new Error(`${this.spec.name} did not start (${problem})`);
  }

  /** SIGTERM, then SIGKILL at the end of its time (at once when `now`); resolves when it is gone. */
  async stop(now = false): Promise<void> {
    clearTimeout(this.#retry);
    this.#wanted = false;
    const child = this.#child;
    this.state = child ? 'stopping' : 'stopped';
    if (!child) return;
    child.kill(now ? 'SIGKILL' : 'SIGTERM');
    // A frozen process (SIGSTOP) handles signals only after SIGCONT.
    signalGroup(child.pid, 'SIGCONT');
    const killer = setTimeout(() => child.kill('SIGKILL'), this.spec.stopWithinMs);
    await this.#ended;
    clearTimeout(killer);
  }

  /** Sends a signal and does nothing else. False when there is no process. */
  signal(signal: NodeJS.Signals): boolean {
    return this.#child?.kill(signal) ?? false;
  }

  #spawn(): ChildProcess {
    this.state = 'starting';
    for (const socket of this.spec.sockets) removeSocket(socket);
    const log = openSync(this.spec.logFile, 'a', 0o600);
    this.#logOffset = statSync(this.spec.logFile).size;
    // The child writes to the file itself: that costs the supervisor nothing, and works without it.
    const child = spawn(this.spec.command, this.spec.args, {
      cwd: this.spec.cwd,
      env: { ...this.#environment, ...this.spec.env },
      stdio: ['ignore', log, log],
      // Its own process group, so that the children of a killed service (NGINX's workers) can be ended together.
      detached: true,
    });
    closeSync(log);
    this.#startedAt = performance.now();
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const end = (reason: string) => {
        if (this.#child !== child) return;
        this.#child = undefined;
        signalGroup(child.pid, 'SIGKILL');
        this.#onEnd(reason);
        resolve();
      };
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, signal) => end(signal ? `signal ${signal}` : `code ${code}`));
    });
    this.#hooks.onChange();
    return child;
  }

  #onEnd(reason: string): void {
    const wasRunning = this.state === 'running';
    this.#hooks.onChange();
    if (!wasRunning) {
      this.state = 'stopped';
      return;
    }
    this.#scheduleReturn(this.#readyAt - this.#startedAt, performance.now() - this.#readyAt);
    eventLine('warn', 'service ended; starting it again', {
      service: this.spec.name,
      reason,
      back_off_ms: this.#backOffMs,
    });
  }

  #scheduleReturn(startMs: number, servedMs: number): void {
    this.state = 'waiting';
    this.#backOffMs = backOff(this.spec.restartAfterMs ?? FIRST_BACK_OFF_MS, this.#backOffMs, startMs, servedMs);
    this.#retry = setTimeout(() => void this.#return(), this.#backOffMs);
  }

  async #return(): Promise<void> {
    const child = this.#spawn();
    const problem = await this.#untilReady(child);
    if (problem === undefined) {
      eventLine('info', 'service is back', { service: this.spec.name, pid: child.pid });
      this.#hooks.onReturn();
      return;
    }
    if (this.#child === child) child.kill('SIGKILL');
    await this.#ended;
    if (!this.#wanted || this.state !== 'stopped') return;
    eventLine('error', 'service did not come back', { service: this.spec.name, problem });
    this.#scheduleReturn(0, 0);
  }

  /** Undefined when it answers, otherwise the reason why not. */
  async #untilReady(child: ChildProcess): Promise<string | undefined> {
    const deadline = Date.now() + this.spec.readyWithinMs;
    while (this.#child === child && this.#wanted) {
      const answers = await askHealth(this.spec.health);
      if (this.#child !== child || !this.#wanted) break;
      if (answers) {
        this.state = 'running';
        this.#readyAt = performance.now();
        return undefined;
      }
      if (Date.now() > deadline) return `no answer within ${this.spec.readyWithinMs / 1000} s`;
      await delay(POLL_MS);
    }
    return this.#wanted ? this.#lastWords() : 'it was stopped';
  }

  #lastWords(): string {
    const log = openSync(this.spec.logFile, 'r');
    try {
      const words = Buffer.alloc(WORDS_BYTES);
      // Never the whole file: a log may be long, or a device without an end.
      const from = Math.max(this.#logOffset, fstatSync(log).size - WORDS_BYTES);
      return lastWords(words.toString('utf8', 0, readSync(log, words, 0, WORDS_BYTES, from)));
    } finally {
      closeSync(log);
    }
  }
}
