import type { KeptRequest } from '../../../core/durable/kept_request.ts';
import type { AppendReply, CheckpointReply, Claim, LogStore } from '../../../core/durable/log_store.ts';
import type { KeptText, ResumableRecord } from '../../../core/durable/resumable_record.ts';
import { BACKGROUND_RETENTION_MS, RETENTION_MS } from '../../../formats/timing.ts';
import { CLAIM_KEPT_MS } from './retention.ts';

/** Finished streams are kept for a while; together at most this much, in UTF-16 units. */
const MAX_OVER_UNITS = 32 * 1024 * 1024;

interface Kept extends KeptText {
  record: ResumableRecord;
  request: KeptRequest | undefined;
  /** In UTF-16 units; 0 while it runs. */
  size: number;
}

/**
 * Without Redis: streams survive their clients, not their instance. There is no log, because no process could read it after
 * this one; the text stays with the stream.
 */
export class MemoryLogStore implements LogStore {
  readonly shared = false;
  readonly #streams = new Map<string, Kept>();
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

  async create(record: ResumableRecord, request: KeptRequest | undefined): Promise<boolean> {
    if (this.#streams.has(record.id)) return false;
    this.#streams.set(record.id, { record, request, contents: [], terminal: undefined, size: 0 });
    return true;
  }

  async discard({ id, token }: ResumableRecord): Promise<void> {
    if (this.#streams.get(id)?.record.token === token) this.#streams.delete(id);
  }

  async read(threadId: string): Promise<ResumableRecord | undefined> {
    return this.#streams.get(threadId)?.record;
  }

  async readRequest(threadId: string): Promise<KeptRequest | undefined> {
    return this.#streams.get(threadId)?.request;
  }

  async readText(threadId: string): Promise<KeptText> {
    const { contents = [], terminal } = this.#streams.get(threadId) ?? {};
    return { contents, terminal };
  }

  async adopt(next: ResumableRecord): Promise<number> {
    const kept = this.#streams.get(next.id);
    if (!kept || kept.record.state === 'done') return -1;
    kept.record = next;
    return kept.contents.length;
  }

  async setProviderRun(record: ResumableRecord, run: string): Promise<boolean> {
    const kept = this.#streams.get(record.id);
    if (kept) kept.record.providerRun = run;
    return kept !== undefined;
  }

  async setTarget({ id, provider, model }: ResumableRecord): Promise<boolean> {
    const kept = this.#streams.get(id);
    if (!kept) return false;
    Object.assign(kept.record, { provider, model });
    delete kept.record.providerRun;
    return true;
  }

  /** A running stream has its own text; no other process could read it here. */
  async checkpoint(record: ResumableRecord): Promise<CheckpointReply> {
    return this.#streams.has(record.id) ? 'kept' : 'unknown';
  }

  async finish(record: ResumableRecord, contents: readonly string[], terminal: string): Promise<boolean> {
    const kept = this.#streams.get(record.id);
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
    const keptMs = record.background ? BACKGROUND_RETENTION_MS : RETENTION_MS;
    setTimeout(() => this.#drop(kept), keptMs).unref();
    return true;
  }

  async claim(userId: string, name: string, claim: Claim, over?: Claim): Promise<Claim | undefined> {
    const key = `${userId}\n${name}`;
    const first = this.#claims.get(key);
    if (first && first.claimant !== over?.claimant) return first;
    this.#claims.set(key, claim);
    setTimeout(() => void this.dropClaim(userId, name, claim), CLAIM_KEPT_MS).unref();
    return undefined;
  }

  async readClaim(userId: string, name: string): Promise<Claim | undefined> {
    return this.#claims.get(`${userId}\n${name}`);
  }

  async dropClaim(userId: string, name: string, { claimant }: Claim): Promise<boolean> {
    const key = `${userId}\n${name}`;
    return this.#claims.get(key)?.claimant === claimant && this.#claims.delete(key);
  }

  #drop(kept: Kept): void {
    if (!this.#over.delete(kept)) return;
    this.#overSize -= kept.size;
    this.#streams.delete(kept.record.id);
  }
}
