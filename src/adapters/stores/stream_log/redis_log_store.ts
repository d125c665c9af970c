import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import { type KeptRequest, parseKeptRequest } from '../../../core/durable/kept_request.ts';
import type { AppendReply, CheckpointReply, Claim, LogStore } from '../../../core/durable/log_store.ts';
import { type KeptText, type ResumableRecord, storedOwner } from '../../../core/durable/resumable_record.ts';
import { BACKGROUND_KEYS_MS, BACKGROUND_RETENTION_MS, LEASE_MS, RUNNING_KEYS_MS } from '../../../formats/timing.ts';
import type { RedisConnection } from '../redis/redis_connection.ts';
import { type FitReply, type LogScripts, logScripts } from './log_scripts.ts';
import { CLAIM_KEPT_MS, MAX_REQUEST_BYTES, Retention } from './retention.ts';

const pack = promisify(deflate);
const unpack = promisify(inflate);

/** Below this size compression costs more (0.2 ms at a stream's start) than it saves. */
const PLAIN_CHARS = 4_096;

/** A request as it is kept: JSON, compressed where that pays; empty where it is too large to keep. */
export async function packRequest(request: KeptRequest): Promise<string> {
  const json = JSON.stringify(request);
  if (json.length <= PLAIN_CHARS) return json;
  const packed = await pack(json);
  return packed.length > MAX_REQUEST_BYTES ? '' : packed.toString('base64');
}

/** @param kept what {@link packRequest} gave; base64 never begins as JSON does */
export async function unpackRequest(kept: string): Promise<KeptRequest> {
  const json = kept.startsWith('{') ? kept : (await unpack(Buffer.from(kept, 'base64'))).toString();
  return parseKeptRequest(JSON.parse(json));
}

const INCARNATIONS = 'weir:boots';
/** Hash tags: all keys of one script are in one slot of a Redis Cluster. */
const ctl = (incarnation: string) => `weir:ctl:{${incarnation}}`;
const wal = (incarnation: string) => `weir:wal:{${incarnation}}`;
const lease = (incarnation: string) => `weir:lease:{${incarnation}}`;
const thread = (id: string) => `weir:thread:{${id}}`;
const text = (id: string) => `weir:text:{${id}}`;
const req = (id: string) => `weir:req:{${id}}`;
/** Those of an Idempotency-Key are spread; those of other kinds, which name it, lie in the slot of their user. */
const claim = (userId: string, name: string) =>
  name.includes(':') ? `weir:claim:{${userId}}:${name}` : `weir:claim:${userId}:${name}`;

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

  async register(incarnation: string, peer: string): Promise<void> {
    await this.#scripts.register(ctl(incarnation), lease(incarnation), peer, LEASE_MS, RUNNING_KEYS_MS);
    await this.beat(incarnation);
  }

  async append(incarnation: string, n: number, group: string): Promise<AppendReply> {
    const [kind, next] = await this.#scripts.append(
      ctl(incarnation),
      wal(incarnation),
      lease(incarnation),
      n,
      group,
      LEASE_MS,
    );
    return kind === 'gap' ? { kind, next: next as number } : { kind };
  }

  async beat(incarnation: string): Promise<string[]> {
    // Keys of a living incarnation must not expire. The set of incarnations is in another slot of a cluster.
    const living = [ctl(incarnation), wal(incarnation)].map((key) => this.#redis.pexpire(key, RUNNING_KEYS_MS));
    const beat = this.#scripts.beat(INCARNATIONS, incarnation, LEASE_MS, RUNNING_KEYS_MS);
    const [dead] = await Promise.all([beat, this.#retention.look(), ...living]);
    return dead;
  }

  async seal(incarnation: string, force: boolean): Promise<boolean> {
    const keys = [ctl(incarnation), lease(incarnation), wal(incarnation)] as const;
    return (await this.#scripts.seal(...keys, force ? '1' : '0', RUNNING_KEYS_MS)) === 1;
  }

  async *scan(incarnation: string): AsyncGenerator<string> {
    for (let from = '-'; ; ) {
      const entries = await this.#redis.xrange(wal(incarnation), from, '+', 'COUNT', SCAN_GROUPS);
      for (const [, fields] of entries) yield fields[1] as string;
      if (entries.length < SCAN_GROUPS) return;
      from = `(${entries.at(-1)?.[0]}`;
    }
  }

  async trim(incarnation: string, n: number): Promise<void> {
    await this.#redis.xtrim(wal(incarnation), 'MINID', '~', `${n}-0`);
  }

  async retire(incarnation: string): Promise<void> {
    // Before the seal, so that an instance that finds the log sealed can see why.
    await Promise.all([
      this.#redis.hset(ctl(incarnation), 'retired', 1),
      this.#redis.pexpire(ctl(incarnation), RUNNING_KEYS_MS),
    ]);
    await this.seal(incarnation, true);
    await this.#redis.zadd(INCARNATIONS, 0, incarnation);
  }

  async isRetired(incarnation: string): Promise<boolean> {
    return (await this.#redis.hexists(ctl(incarnation), 'retired')) === 1;
  }

  async forget(incarnation: string): Promise<void> {
    await this.#redis.zrem(INCARNATIONS, incarnation);
  }

  async peerOf(incarnation: string): Promise<string | undefined> {
    return (await this.#redis.hget(ctl(incarnation), 'peer')) ?? undefined;
  }

  async create(record: ResumableRecord, request: KeptRequest | undefined): Promise<boolean> {
    const { id } = record;
    const owner = storedOwner(record.owner, record);
    const kept = request ? await packRequest(request) : '';
    return (
      (await this.#scripts.create(thread(id), req(id), owner, JSON.stringify(record), kept, runningMs(record))) === 1
    );
  }

  async discard(record: ResumableRecord): Promise<void> {
    const { id, owner, token } = record;
    await this.#scripts.discard(thread(id), req(id), text(id), storedOwner(owner, record), token);
  }

  async read(threadId: string): Promise<ResumableRecord | undefined> {
    const fields = ['record', 'state', 'checkpoint', 'run', 'provider', 'model'] as const;
    const [record, state, checkpoint, run, provider, model] = await this.#redis.hmget(thread(threadId), ...fields);
    if (!record) return undefined;
    const parsed = JSON.parse(record) as ResumableRecord;
    const known = { ...parsed, state: state as ResumableRecord['state'], checkpoint: Number(checkpoint) };
    if (provider && model) Object.assign(known, { provider, model });
    return run ? { ...known, providerRun: run } : known;
  }

  async readRequest(threadId: string): Promise<KeptRequest | undefined> {
    const kept = await this.#redis.get(req(threadId));
    if (!kept) return undefined;
    return unpackRequest(kept);
  }

  async readText(threadId: string): Promise<KeptText> {
    const [pieces, terminal] = await Promise.all([
      this.#redis.lrange(text(threadId), 0, -1),
      this.#redis.hget(thread(threadId), 'terminal'),
    ]);
    return { contents: pieces.flatMap((piece) => JSON.parse(piece) as string[]), terminal: terminal ?? undefined };
  }

  async adopt(next: ResumableRecord, from: string, request: KeptRequest | undefined): Promise<number> {
    const { id } = next;
    const kept = request ? await packRequest(request) : '';
    const [before, owner] = [storedOwner(from, next), storedOwner(next.owner, next)];
    return this.#scripts.adopt(thread(id), req(id), before, owner, JSON.stringify(next), kept, runningMs(next));
  }

  async setProviderRun(record: ResumableRecord, run: string): Promise<boolean> {
    return (await this.#scripts.set_run(thread(record.id), storedOwner(record.owner, record), run)) === 1;
  }

  async setTarget(record: ResumableRecord): Promise<boolean> {
    const { id, owner, provider, model } = record;
    return (await this.#scripts.set_target(thread(id), storedOwner(owner, record), provider, model)) === 1;
  }

  async checkpoint(record: ResumableRecord, contents: readonly string[], upTo: number): Promise<CheckpointReply> {
    const { id, checkpoint } = record;
    const owner = storedOwner(record.owner, record);
    const fit = await sendFrom(checkpoint, (kept) => {
      const piece = JSON.stringify(contents.slice(kept, upTo));
      return this.#scripts.checkpoint(thread(id), text(id), owner, kept + 1, upTo, piece, runningMs(record));
    });
    return fit === 'ok' ? 'kept' : fit;
  }

  async finish(record: ResumableRecord, contents: readonly string[], terminal: string): Promise<boolean> {
    const { id, checkpoint } = record;
    const owner = storedOwner(record.owner, record);
    const keptMs = record.background ? BACKGROUND_RETENTION_MS : this.#retention.ms;
    const end = [terminal, JSON.stringify(record), keptMs] as const;
    const fit = await sendFrom(checkpoint, (kept) => {
      const piece = JSON.stringify(contents.slice(kept));
      return this.#scripts.finish(thread(id), text(id), req(id), owner, kept + 1, contents.length, piece, ...end);
    });
    return fit === 'ok';
  }

  async claim(userId: string, name: string, mine: Claim, over?: Claim): Promise<Claim | undefined> {
    const instead = over ? JSON.stringify(over) : '';
    const first = await this.#scripts.claim(claim(userId, name), JSON.stringify(mine), instead, CLAIM_KEPT_MS);
    return first === '' ? undefined : (JSON.parse(first) as Claim);
  }

  async readClaim(userId: string, name: string): Promise<Claim | undefined> {
    const kept = await this.#redis.get(claim(userId, name));
    return kept === null ? undefined : (JSON.parse(kept) as Claim);
  }

  async dropClaim(userId: string, name: string, mine: Claim): Promise<boolean> {
    return (await this.#scripts.drop_claim(claim(userId, name), JSON.stringify(mine))) === 1;
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

/** How long the keys of a running stream live without being renewed. */
function runningMs({ background }: ResumableRecord): number {
  return background ? BACKGROUND_KEYS_MS : RUNNING_KEYS_MS;
}
