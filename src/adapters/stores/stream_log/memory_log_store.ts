import type { AppendReply, CheckpointReply, Claim, LogStore } from '../../../core/durable/log_store.ts';
import type { ThreadRecord, ThreadText } from '../../../core/durable/thread_record.ts';
import { RETENTION_MS } from '../../../formats/timing.ts';
import type { StreamRequest } from '../../../formats/weir/stream_request.ts';
import { CLAIM_KEPT_MS } from './retention.ts';

/** Finished streams are kept for a while; together at most this much, in UTF-16 units. */
const MAX_OVER_UNITS = 32 * 1024 * 1024;

interface Kept extends ThreadText {
  record: ThreadRecord;
  request: StreamRequest | undefined;
  /** In UTF-16 units; 0 while it runs. */
  size: number;
}

/**
 * Without Redis: streams survive their clients, not their instance. There is no log, because no process could read it after
 * this one; the text stays with the stream.
 */
export class MemoryLogStore implements LogStore {
  readonly shared = false;
  readonly #threads = new Map<string, Kept>();
  readonly #claims = new Map<string, Claim>();
  /** Finished streams, the oldest first. */
  readonly #over = new Set<Kept>();
  #overSize = 0;
  #next = 1;

  async time(): Promise<number> {
    return Date.now();
  }

  async register(): Promise<void> {
    this.#next = 1;
  }

  async append(_: string, n: number, group: string): Promise<AppendReply> {
    if (n < this.#next) return { kind: 'duplicate' };
    if (n > this.#next) return { kind: 'gap', next: this.#next };
    if (group !== '') this.#next += 1;
    return { kind: 'ok' };
  }

  async beat(): Promise<string[]> {
    return [];
  }

  /** There is no other instance that could have died. */
  async seal(): Promise<boolean> {
    return false;
  }

  async *scan(): AsyncGenerator<string> {}

  async trim(): Promise<void> {}

  async retire(): Promise<void> {}

  async isRetired(): Promise<boolean> {
    return false;
  }

  async forget(): Promise<void> {}

  async peerOf(): Promise<undefined> {
    return undefined;
  }

  async create(record: ThreadRecord, request: StreamRequest): Promise<boolean> {
    if (this.#threads.has(record.id)) return false;
    this.#threads.set(record.id, { record, request, contents: [], terminal: undefined, size: 0 });
    return true;
  }

  async discard({ id, token }: ThreadRecord): Promise<void> {
    if (this.#threads.get(id)?.record.token === token) this.#threads.delete(id);
  }

  async read(threadId: string): Promise<ThreadRecord | undefined> {
    return this.#threads.get(threadId)?.record;
  }

  async readRequest(threadId: string): Promise<StreamRequest | undefined> {
    return this.#threads.get(threadId)?.request;
  }

  async readText(threadId: string): Promise<ThreadText> {
    const { contents = [], terminal } = this.#threads.get(threadId) ?? {};
    return { contents, terminal };
  }

  async adopt(next: ThreadRecord): Promise<number> {
    const kept = this.#threads.get(next.id);
    if (!kept || kept.record.state === 'done') return -1;
    kept.record = next;
    return kept.contents.length;
  }

  async setProviderRun(record: ThreadRecord, run: string): Promise<boolean> {
    const kept = this.#threads.get(record.id);
    if (kept) kept.record.providerRun = run;
    return kept !== undefined;
  }

  async setTarget({ id, provider, model }: ThreadRecord): Promise<boolean> {
    const kept = this.#threads.get(id);
    if (!kept) return false;
    Object.assign(kept.record, { provider, model });
    delete kept.record.providerRun;
    return true;
  }

  /** A running stream has its own text; no other process could read it here. */
  async checkpoint(record: ThreadRecord): Promise<CheckpointReply> {
    return this.#threads.has(record.id) ? 'kept' : 'unknown';
  }

  async finish(record: ThreadRecord, contents: readonly string[], terminal: string): Promise<boolean> {
    const kept = this.#threads.get(record.id);
    if (!kept) return false;
    if (kept.terminal !== undefined) return true;
    kept.record = { ...record, state: 'done', checkpoint: contents.length };
    kept.contents = [...contents];
    kept.terminal = terminal;
    kept.size = contents.reduce((sum, text) => sum + text.length, 0);
    this.#over.add(kept);
    this.#overSize += kept.size;
    for (const oldest of this.#over) {
      if (this.#overSize <= MAX_OVER_UNITS) break;
      this.#drop(oldest);
    }
    setTimeout(() => this.#drop(kept), RETENTION_MS).unref();
    return true;
  }

  async claim(userId: string, key: string, claim: Claim, over?: Claim): Promise<Claim | undefined> {
    const name = `${userId}\n${key}`;
    const first = this.#claims.get(name);
    if (first && first.claimant !== over?.claimant) return first;
    this.#claims.set(name, claim);
    setTimeout(() => void this.dropClaim(userId, key, claim), CLAIM_KEPT_MS).unref();
    return undefined;
  }

  async dropClaim(userId: string, key: string, { claimant }: Claim): Promise<void> {
    const name = `${userId}\n${key}`;
    if (this.#claims.get(name)?.claimant === claimant) this.#claims.delete(name);
  }

  #drop(kept: Kept): void {
    if (!this.#over.delete(kept)) return;
    this.#overSize -= kept.size;
    this.#threads.delete(kept.record.id);
  }
}
