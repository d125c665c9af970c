import { LEASE_MS } from '../../formats/timing.ts';
import type { FaultPoint } from './fault_point.ts';
import type { LogStore } from './log_store.ts';
import { SentGroups } from './sent_groups.ts';

/** Frames wait this long for company, so that a commit carries many. */
const GATHER_MS = 5;
const RETRY_MS = 50;
/** A store that does not answer is asked this often whether it does again. */
const PROBE_MS = 250;

/** A stream, as the log sees it. */
export interface LoggedStream {
  /** Everything up to `seq` may go to its readers; `logged` is false while the log can't be reached. */
  commitTo(seq: number, logged: boolean): void;
  /** All of it is in the log again. */
  loggedAgain(): void;
}

interface Entry {
  stream: LoggedStream;
  seq: number;
}

interface Group {
  n: number;
  text: string;
  entries: Entry[];
}

export interface GroupLogOptions {
  store: LogStore;
  incarnation: string;
  /** Hold frames back while the log can't be reached, instead of sending them unlogged. */
  strict: boolean;
  /** This incarnation may never append again: sealed by another, forgotten, or silent for longer than its lease. */
  onFenced: () => void;
  /** The store has not answered in time: the frames of so many streams have gone out unlogged, and more will. */
  onLate: (streams: number) => void;
  faults: FaultPoint;
}

/**
 * One write-ahead log for all resumable streams of an instance, with group commit: frames that wait while a commit is
 * in flight leave together in the next. A frame goes to its readers only once the commit that holds it is
 * acknowledged; when the store does not answer it goes unlogged, and is logged as soon as that is possible again.
 */
export class GroupLog {
  readonly #options: GroupLogOptions;
  readonly #sent = new SentGroups();
  readonly #unlogged = new Set<LoggedStream>();
  #incarnation: string;
  #next = 1;
  #enrolled = 0;
  #text = '';
  #entries: Entry[] = [];
  #inFlight: Group | undefined;
  #urgent = false;
  #flushedAt = Number.NEGATIVE_INFINITY;
  #gather: NodeJS.Timeout | undefined;
  #ackedAt = performance.now();
  #fenced = false;
  #answering = true;
  #probe: NodeJS.Timeout | undefined;
  #late = false;
  /** The group with the last frames that went out unlogged. */
  #settledBy = 0;

  constructor(options: GroupLogOptions) {
    this.#options = options;
    this.#incarnation = options.incarnation;
  }

  get incarnation(): string {
    return this.#incarnation;
  }

  /** Whether the store answered when it was asked last; while it does not, no request needs to wait for it. */
  get answering(): boolean {
    return this.#answering;
  }

  /** A request has waited for the store in vain; others need not, until it answers again. */
  gotNoAnswer(): void {
    this.#answering = false;
    this.#probe ??= setTimeout(() => {
      this.#probe = undefined;
      void this.renew();
    }, PROBE_MS).unref();
  }

  /** Whether frames go out unlogged now. */
  get late(): boolean {
    return this.#late;
  }

  /** Nothing is written until {@link begin}: who is fenced starts a new log, with the streams' whole text. */
  get fenced(): boolean {
    return this.#fenced;
  }

  /** Everything from this group on may hold frames that are not acknowledged yet. */
  get horizon(): number {
    return this.#inFlight?.n ?? this.#next;
  }

  /** A number for a stream in this log. */
  enroll(): string {
    this.#enrolled += 1;
    return this.#enrolled.toString(36);
  }

  /** @param urgent a first frame or a terminal: its commit starts at once, unless one has left a moment ago */
  add(stream: LoggedStream, seq: number, record: string, urgent: boolean): void {
    if (this.#late) {
      this.#unlogged.add(stream);
      stream.commitTo(seq, false);
      if (this.#fenced) return;
    }
    this.#text += record;
    this.#entries.push({ stream, seq });
    if (this.#fenced) return;
    if (this.#inFlight) this.#urgent ||= urgent;
    else if (urgent && this.#isRested()) this.#flush();
    else this.#gather ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  /** A line that is not waited for: it goes with the next frame, or with the next renewal. */
  note(record: string): void {
    this.#text += record;
  }

  /** Keeps the lease while nothing is written. */
  async renew(): Promise<void> {
    if (this.#inFlight || this.#fenced) return;
    if (this.#text !== '' && this.#gather === undefined) return this.#flush();
    if (this.#answering && performance.now() - this.#ackedAt < LEASE_MS / 4) return;
    const { store } = this.#options;
    const incarnation = this.#incarnation;
    const sentAt = performance.now();
    const next = this.#next;
    const reply = await store.append(incarnation, next, '').catch(() => undefined);
    // A failover lost the end of the log, and no frame may come for long: it is sent again now.
    const isLost = reply?.kind === 'gap' && !(await this.#sent.resend(store, incarnation, reply.next, next));
    this.#answering = reply !== undefined;
    if (!this.#answering) this.gotNoAnswer();
    if (incarnation !== this.#incarnation || this.#fenced) return;
    if (reply?.kind === 'ok') this.#ackedAt = Math.max(this.#ackedAt, sentAt);
    else if (isLost || reply?.kind === 'sealed' || reply?.kind === 'lost' || this.#leaseIsOver()) this.#fence();
  }

  /** Writes nothing more: this process leaves, and others go on with its streams. */
  stop(): void {
    this.#fenced = true;
  }

  /** Sends frames unlogged from now on: there is no store to wait for. */
  goLate(): void {
    if (this.#late || this.#options.strict) return;
    this.#late = true;
    for (const { stream, seq } of [...(this.#inFlight?.entries ?? []), ...this.#entries]) {
      this.#unlogged.add(stream);
      stream.commitTo(seq, false);
    }
    this.#options.onLate(this.#unlogged.size);
  }

  /** Goes on as a new incarnation, whose log is empty. The streams bring what they have not checkpointed again. */
  begin(incarnation: string): void {
    this.#incarnation = incarnation;
    this.#next = 1;
    this.#sent.clear();
    this.#text = '';
    this.#entries = [];
    this.#inFlight = undefined;
    this.#fenced = false;
    this.#settledBy = 0;
    this.#ackedAt = performance.now();
  }

  /**
   * The log answers: from now on frames wait for it again, and streams that went unlogged are notified as soon as all of that is in.
   * Call after {@link begin}, when the streams have brought theirs.
   */
  caughtUp(): void {
    if (this.#late) {
      this.#late = false;
      this.#settledBy = this.#entries.length > 0 ? this.#next : this.#next - 1;
    }
    if (this.horizon <= this.#settledBy) return;
    for (const stream of this.#unlogged) stream.loggedAgain();
    this.#unlogged.clear();
  }

  #flush(): void {
    clearTimeout(this.#gather);
    this.#gather = undefined;
    this.#urgent = false;
    if (this.#inFlight || this.#fenced || this.#text === '') return;
    const group: Group = { n: this.#next, text: this.#text, entries: this.#entries };
    this.#next += 1;
    this.#text = '';
    this.#entries = [];
    this.#inFlight = group;
    this.#flushedAt = performance.now();
    void this.#commit(group);
  }

  /** Where many streams begin and end, their first frames gather too: else each would have a commit of its own. */
  #isRested(): boolean {
    return performance.now() - this.#flushedAt >= GATHER_MS;
  }

  async #commit(group: Group): Promise<void> {
    const { store, faults } = this.#options;
    const incarnation = this.#incarnation;
    for (;;) {
      faults('before_commit');
      const sentAt = performance.now();
      const reply = await store.append(incarnation, group.n, group.text).catch(() => undefined);
      this.#answering = reply !== undefined;
      if (incarnation !== this.#incarnation || this.#fenced) return;
      if (reply?.kind === 'ok' || reply?.kind === 'duplicate') {
        this.#ackedAt = sentAt;
        this.#acknowledge(group);
        return;
      }
      const isResent = reply?.kind === 'gap' && (await this.#sent.resend(store, incarnation, reply.next, group.n));
      if (incarnation !== this.#incarnation) return;
      // A gap beyond what is kept can't be filled: the store has forgotten too much of this log.
      if (reply !== undefined && !isResent) return this.#fence();
      // An instance that slept longer than its lease may have a successor; only the store knows.
      if (this.#leaseIsOver()) return this.#fence();
      if (reply === undefined) this.goLate();
      if (!isResent) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  #acknowledge(group: Group): void {
    this.#options.faults('after_commit');
    this.#sent.keep(group.n, group.text);
    this.#inFlight = undefined;
    this.#options.faults('before_wire');
    for (const { stream, seq } of group.entries) stream.commitTo(seq, true);
    this.caughtUp();
    if ((this.#urgent && this.#isRested()) || (this.#unlogged.size > 0 && this.#entries.length > 0)) this.#flush();
    else if (this.#entries.length > 0) this.#gather ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  #leaseIsOver(): boolean {
    return performance.now() - this.#ackedAt > LEASE_MS;
  }

  #fence(): void {
    if (this.#fenced) return;
    this.#fenced = true;
    clearTimeout(this.#gather);
    this.#gather = undefined;
    this.#options.onFenced();
  }
}
