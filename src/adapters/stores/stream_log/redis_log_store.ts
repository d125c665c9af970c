import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import type { AppendReply, CheckpointReply, Claim, LogStore } from '../../../core/durable/log_store.ts';
import type { ThreadRecord, ThreadText } from '../../../core/durable/thread_record.ts';
import { LEASE_MS, RUNNING_KEYS_MS } from '../../../formats/timing.ts';
import { type StreamRequest, streamRequestSchema } from '../../../formats/weir/stream_request.ts';
import type { RedisConnection } from '../redis/redis_connection.ts';
import { type FitReply, type LogScripts, logScripts } from './log_scripts.ts';
import { CLAIM_KEPT_MS, MAX_REQUEST_BYTES, Retention } from './retention.ts';

const pack = promisify(deflate);
const unpack = promisify(inflate);

/** Below this size compression costs more (0.2 ms at a stream's start) than it saves. */
const PLAIN_CHARS = 4_096;

/** A request as it is kept: JSON, compressed where that pays; empty where it is too large to keep. */
export async function packRequest(request: StreamRequest): Promise<string> {
  const json = JSON.stringify(request);
  if (json.length <= PLAIN_CHARS) return json;
  const packed = await pack(json);
  return packed.length > MAX_REQUEST_BYTES ? '' : packed.toString('base64');
}

/** @param kept what {@link packRequest} gave; base64 never begins as JSON does */
export async function unpackRequest(kept: string): Promise<StreamRequest> {
  const json = kept.startsWith('{') ? kept : (await unpack(Buffer.from(kept, 'base64'))).toString();
  return streamRequestSchema.parse(JSON.parse(json));
}

const BOOTS = 'weir:boots';
/** Hash tags: all keys of one script are in one slot of a Redis Cluster. */
const ctl = (boot: string) => `weir:ctl:{${boot}}`;
const wal = (boot: string) => `weir:wal:{${boot}}`;
const lease = (boot: string) => `weir:lease:{${boot}}`;
const thread = (id: string) => `weir:thread:{${id}}`;
const text = (id: string) => `weir:text:{${id}}`;
const req = (id: string) => `weir:req:{${id}}`;
const claim = (userId: string, key: string) => `weir:claim:${userId}:${key}`;

const SCAN_GROUPS = 200;
const FIT_TRIES = 5;

/** The stream log in Redis, or in a Redis Cluster; what the keys hold stands in the scripts' headers. */
export class RedisLogStore implements LogStore {
  readonly shared = true;
  readonly #redis: RedisConnection;
  readonly #scripts: LogScripts;
  readonly #retention: Retention;

  constructor(redis: RedisConnection) {
    this.#redis = redis;
    this.#scripts = logScripts(redis);
    this.#retention = new Retention(redis);
  }

  async time(): Promise<number> {
    const [seconds, microseconds] = await this.#redis.time();
    return Number(seconds) * 1000 + Number(microseconds) / 1000;
  }

  async register(boot: string, peer: string): Promise<void> {
    await this.#scripts.register(ctl(boot), lease(boot), peer, LEASE_MS, RUNNING_KEYS_MS);
    await this.beat(boot);
  }

  async append(boot: string, n: number, group: string): Promise<AppendReply> {
    const [kind, next] = await this.#scripts.append(ctl(boot), wal(boot), lease(boot), n, group, LEASE_MS);
    return kind === 'gap' ? { kind, next: next as number } : { kind };
  }

  async beat(boot: string): Promise<string[]> {
    // Keys of a living incarnation must not expire. The set of incarnations is in another slot of a cluster.
    const living = [ctl(boot), wal(boot)].map((key) => this.#redis.pexpire(key, RUNNING_KEYS_MS));
    const beat = this.#scripts.beat(BOOTS, boot, LEASE_MS, RUNNING_KEYS_MS);
    const [dead] = await Promise.all([beat, this.#retention.look(), ...living]);
    return dead;
  }

  async seal(boot: string, force: boolean): Promise<boolean> {
    const keys = [ctl(boot), lease(boot), wal(boot)] as const;
    return (await this.#scripts.seal(...keys, force ? '1' : '0', RUNNING_KEYS_MS)) === 1;
  }

  async *scan(boot: string): AsyncGenerator<string> {
    for (let from = '-'; ; ) {
      const entries = await this.#redis.xrange(wal(boot), from, '+', 'COUNT', SCAN_GROUPS);
      for (const [, fields] of entries) yield fields[1] as string;
      if (entries.length < SCAN_GROUPS) return;
      from = `(${entries.at(-1)?.[0]}`;
    }
  }

  async trim(boot: string, n: number): Promise<void> {
    await this.#redis.xtrim(wal(boot), 'MINID', '~', `${n}-0`);
  }

  async retire(boot: string): Promise<void> {
    // Before the seal, so that an instance that finds the log sealed can see why.
    await Promise.all([this.#redis.hset(ctl(boot), 'retired', 1), this.#redis.pexpire(ctl(boot), RUNNING_KEYS_MS)]);
    await this.seal(boot, true);
    await this.#redis.zadd(BOOTS, 0, boot);
  }

  async isRetired(boot: string): Promise<boolean> {
    return (await this.#redis.hexists(ctl(boot), 'retired')) === 1;
  }

  async forget(boot: string): Promise<void> {
    await this.#redis.zrem(BOOTS, boot);
  }

  async peerOf(boot: string): Promise<string | undefined> {
    return (await this.#redis.hget(ctl(boot), 'peer')) ?? undefined;
  }

  async create(record: ThreadRecord, request: StreamRequest): Promise<boolean> {
    const { id, owner } = record;
    const kept = await packRequest(request);
    return (
      (await this.#scripts.create(thread(id), req(id), owner, JSON.stringify(record), kept, RUNNING_KEYS_MS)) === 1
    );
  }

  async discard({ id, owner, token }: ThreadRecord): Promise<void> {
    await this.#scripts.discard(thread(id), req(id), text(id), owner, token);
  }

  async read(threadId: string): Promise<ThreadRecord | undefined> {
    const fields = ['record', 'state', 'checkpoint', 'run', 'provider', 'model'] as const;
    const [record, state, checkpoint, run, provider, model] = await this.#redis.hmget(thread(threadId), ...fields);
    if (!record) return undefined;
    const parsed = JSON.parse(record) as ThreadRecord;
    const known = { ...parsed, state: state as ThreadRecord['state'], checkpoint: Number(checkpoint) };
    if (provider && model) Object.assign(known, { provider, model });
    return run ? { ...known, providerRun: run } : known;
  }

  async readRequest(threadId: string): Promise<StreamRequest | undefined> {
    const kept = await this.#redis.get(req(threadId));
    if (!kept) return undefined;
    return unpackRequest(kept);
  }

  async readText(threadId: string): Promise<ThreadText> {
    const [pieces, terminal] = await Promise.all([
      this.#redis.lrange(text(threadId), 0, -1),
      this.#redis.hget(thread(threadId), 'terminal'),
    ]);
    return { contents: pieces.flatMap((piece) => JSON.parse(piece) as string[]), terminal: terminal ?? undefined };
  }

  async adopt(next: ThreadRecord, from: string, request: StreamRequest | undefined): Promise<number> {
    const { id, owner } = next;
    const kept = request ? await packRequest(request) : '';
    return this.#scripts.adopt(thread(id), req(id), from, owner, JSON.stringify(next), kept, RUNNING_KEYS_MS);
  }

  async setProviderRun({ id, owner }: ThreadRecord, run: string): Promise<boolean> {
    return (await this.#scripts.set_run(thread(id), owner, run)) === 1;
  }

  async setTarget({ id, owner, provider, model }: ThreadRecord): Promise<boolean> {
    return (await this.#scripts.set_target(thread(id), owner, provider, model)) === 1;
  }

  async checkpoint(record: ThreadRecord, contents: readonly string[], upTo: number): Promise<CheckpointReply> {
    const { id, owner, checkpoint } = record;
    const fit = await sendFrom(checkpoint, (kept) => {
      const piece = JSON.stringify(contents.slice(kept, upTo));
      return this.#scripts.checkpoint(thread(id), text(id), owner, kept + 1, upTo, piece, RUNNING_KEYS_MS);
    });
    return fit === 'ok' ? 'kept' : fit;
  }

  async finish(record: ThreadRecord, contents: readonly string[], terminal: string): Promise<boolean> {
    const { id, owner, checkpoint } = record;
    const end = [terminal, JSON.stringify(record), this.#retention.ms] as const;
    const fit = await sendFrom(checkpoint, (kept) => {
      const piece = JSON.stringify(contents.slice(kept));
      return this.#scripts.finish(thread(id), text(id), req(id), owner, kept + 1, contents.length, piece, ...end);
    });
    return fit === 'ok';
  }

  async claim(userId: string, key: string, mine: Claim, over?: Claim): Promise<Claim | undefined> {
    const instead = over ? JSON.stringify(over) : '';
    const first = await this.#scripts.claim(claim(userId, key), JSON.stringify(mine), instead, CLAIM_KEPT_MS);
    return first === '' ? undefined : (JSON.parse(first) as Claim);
  }

  async dropClaim(userId: string, key: string, mine: Claim): Promise<void> {
    await this.#scripts.drop_claim(claim(userId, key), JSON.stringify(mine));
  }
}

/** Sends text from the expected position, and then from the one that Redis asks for. */
async function sendFrom(
  kept: number,
  send: (kept: number) => Promise<FitReply>,
): Promise<'ok' | 'not_mine' | 'unknown'> {
  for (let tries = 0; tries < FIT_TRIES; tries += 1) {
    const [kind, from] = await send(kept);
    if (kind !== 'from') return kind;
    kept = from;
  }
  throw new Error('what Redis keeps of a stream changes with every look at it');
}
