import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fetchTransport, type Transport } from 'weir-client';
import { freePort } from './free_port.ts';
import { type Instance, startInstance } from './instance.ts';
import { startRedis, type TestRedis } from './redis.ts';

export interface DeploymentOptions {
  instances: number;
  /** For all instances. */
  env?: Record<string, string>;
  /** On top of it, for one. */
  envOf?: (at: number) => Record<string, string>;
  /** Checkout whose code one runs; this one where there is none. */
  rootOf?: (at: number) => string;
}

/** Several instances that share a Redis and reach each other, as processes; without NGINX, so that a test can choose. */
export class Deployment implements AsyncDisposable {
  readonly redis: TestRedis;
  /** By number from 0; one that died is replaced when it is started again. */
  readonly instances: Instance[] = [];
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'weir-peers-'));
  readonly #options: DeploymentOptions;
  /** How often one died under {@link supervise}. */
  deaths = 0;
  #watchers: Promise<void>[] = [];
  #closed = false;
  #next = 0;

  private constructor(redis: TestRedis, options: DeploymentOptions) {
    this.redis = redis;
    this.#options = options;
  }

  static async start(options: DeploymentOptions): Promise<Deployment> {
    const deployment = new Deployment(await startRedis(), options);
    const all = Array.from({ length: options.instances }, (_, at) => deployment.boot(at, options.envOf?.(at)));
    // One that can not start must not leave Redis, and those that could, behind.
    const failed = (await Promise.allSettled(all)).find((start) => start.status === 'rejected');
    if (!failed) return deployment;
    await deployment.close();
    throw failed.reason;
  }

  /** Starts one; again, where it has died, at the same port. */
  async boot(at: number, env: Record<string, string> = {}): Promise<Instance> {
    const name = `app-${at + 1}`;
    const settings = {
      INSTANCE_ID: name,
      REDIS_URL: this.redis.url,
      // Not one that the system gives out: it would give it to another while this instance is dead.
      PORT: String(this.instances[at]?.port ?? (await freePort())),
      PEER_SOCKET: this.peerSocket(at),
      // Tests name their users themselves.
      TRUSTED_PROXIES: '127.0.0.1',
      MAX_CONNECTIONS_PER_USER: '1000',
      ...this.#options.env,
      ...env,
    };
    const instance = await startInstance(settings, this.#options.rootOf?.(at));
    this.instances[at] = instance;
    return instance;
  }

  /** SIGKILL, and waits until it is gone. */
  async kill(at: number): Promise<void> {
    await this.at(at).stop();
  }

  at(at: number): Instance {
    return this.instances[at] as Instance;
  }

  /** Where an instance answers the stack's own account. */
  peerSocket(at: number): string {
    return path.join(this.#folder, `app-${at + 1}.sock`);
  }

  url(at: number): string {
    return this.at(at).url;
  }

  /** As a supervisor does: starts whatever has died again, a moment later, with nothing but the common environment. */
  supervise(delayMs: number): void {
    this.#watchers = Array.from(this.instances.keys(), (at) => this.#watch(at, delayMs));
  }

  /** Requests go to the instances in turn, those that are dead too: the client has to cope. */
  transport(): Transport {
    return (url, request) => {
      this.#next += 1;
      const to = new URL(url);
      return fetchTransport(`${this.url(this.#next % this.instances.length)}${to.pathname}`, request);
    };
  }

  /** What no test may cause: faults of the instances themselves, as their logs show them. */
  errors(): unknown[] {
    return this.instances.flatMap(({ lines }) => lines.filter(({ level }) => level === 'error'));
  }

  async metric(at: number, name: string): Promise<number> {
    const text = await (await fetch(`${this.url(at)}/metrics`)).text();
    return Number(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
  }

  async slots(at: number): Promise<number> {
    const health = await (await fetch(`${this.url(at)}/api/v1/health`)).json();
    return (health as { pool: { total_connections: number } }).pool.total_connections;
  }

  /** Slots that Redis counts, of all users; with `POOL_SCOPE=cluster`. */
  async slotsInRedis(): Promise<number> {
    const keys = (await this.redis.cli('keys', 'weir:slots:*')).split('\n').filter((key) => key !== '');
    const counts = await Promise.all(keys.map((key) => this.redis.cli('zcard', key)));
    return counts.reduce((sum, count) => sum + Number(count), 0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.instances.map((instance) => instance.stop()));
    // One may just have been started again.
    await Promise.all(this.#watchers);
    await Promise.all(this.instances.map((instance) => instance.stop()));
    await this.redis.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #watch(at: number, delayMs: number): Promise<void> {
    while (!this.#closed) {
      await this.at(at).exited;
      if (this.#closed) return;
      this.deaths += 1;
      await sleep(delayMs);
      if (!this.#closed) await this.boot(at);
    }
  }
}
