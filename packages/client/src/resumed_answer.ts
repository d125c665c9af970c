import { pause } from '../../../src/formats/abortable.ts';
import { type AnswerSight, lookForEnd } from './answer_end.ts';
import { EventCutter, type EventLines } from './event_lines.ts';
import { judgeStatus, nextTryMs } from './reconnect.ts';
import type { StreamCalls } from './stream_calls.ts';
import { EventNumbering } from './stream_check.ts';
import { readRefusal } from './stream_refusal.ts';
import { isEventStream, messageOf, readerBytes, type TransportResponse } from './transport.ts';
import { Watchdog } from './watchdog.ts';

/** An answer broke off and can't be continued. Its body fails with this. */
export class ResumeError extends Error {
  constructor(reason: string, cause?: unknown) {
    super(`The answer broke off: ${reason}.`, { cause });
    this.name = 'ResumeError';
  }
}

export interface ResumedAnswerOptions {
  /** Resumes and cancels the answer. */
  calls: StreamCalls;
  /** Of the request. */
  path: string;
  /** Ends the first connection. */
  leave: AbortController;
  /** The caller's. */
  signal: AbortSignal | undefined;
  silenceMs: number;
  giveUpAfterMs: number;
  cancelOnAbort: boolean;
  onInterrupt: ((reason: string, error?: unknown) => void) | undefined;
}

/** A connection that delivers the answer, from some event on. */
interface Connection {
  bytes: AsyncIterator<Uint8Array>;
  watchdog: Watchdog;
  events: EventCutter;
}

/** Why no connection delivers the answer at the moment. */
interface Failure {
  reason: string;
  error?: unknown;
  /** Seconds that the server asked to wait. */
  retryAfter?: number | undefined;
}

/** An answer over all its connections, as one body. */
export class ResumedAnswer {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #options: ResumedAnswerOptions;
  readonly #numbering = new EventNumbering();
  readonly #onAbort = () => this.#aborted();
  /** Aborted when the body has failed or been left: ends the connection. */
  readonly #left = new AbortController();
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #connection: Connection;
  #sight: AnswerSight = 'goes_on';
  /** Attempts in a row without an event. */
  #attempts = 0;
  /** When the last byte came, by `performance.now()`. */
  #aliveAt = performance.now();
  /** Whether the body has ended, failed or been left. */
  #isOver = false;

  constructor(first: ReadableStream<Uint8Array>, options: ResumedAnswerOptions) {
    this.#options = options;
    const { leave, signal, silenceMs, cancelOnAbort } = options;
    const watchdog = new Watchdog(silenceMs, this.#left.signal);
    watchdog.hold();
    watchdog.signal.addEventListener('abort', () => leave.abort(watchdog.signal.reason));
    this.#connection = { bytes: readerBytes(first), watchdog, events: new EventCutter() };
    this.body = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => this.#leave(cancelOnAbort),
      },
      // Nothing is read ahead: a slow reader slows down the server.
      { highWaterMark: 0 },
    );
    if (signal?.aborted) this.#aborted();
    else signal?.addEventListener('abort', this.#onAbort);
  }

  #aborted(): void {
    this.#controller.error(this.#options.signal?.reason);
    this.#leave(this.#options.cancelOnAbort);
  }

  /** Nothing is read any more. @param cancels whether the answer ends on the server too */
  #leave(cancels: boolean): void {
    if (this.#isOver) return;
    this.#close();
    if (cancels) this.#options.calls.cancel();
    this.#left.abort();
    this.#drop();
  }

  /** The body is over. The connection may still have to be dropped. */
  #close(): void {
    this.#isOver = true;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }

  #drop(): void {
    const { bytes, watchdog } = this.#connection;
    watchdog.stop();
    bytes.return?.().catch(() => {});
  }

  /** Hands on at least one event, the end or an error. */
  async #pull(): Promise<void> {
    try {
      this.#connection.watchdog.touch();
      while (!this.#handOn()) {
        const failure = await this.#read();
        if (failure !== undefined && !this.#isOver) await this.#resume(failure);
      }
      this.#connection.watchdog.hold();
    } catch (error) {
      if (this.#isOver) return;
      this.#controller.error(error instanceof ResumeError ? error : new ResumeError(messageOf(error), error));
      this.#leave(false);
    }
  }

  /** Hands on what is whole. @returns whether something was, or nothing will be */
  #handOn(): boolean {
    let any = false;
    while (!this.#isOver) {
      const event = this.#connection.events.next();
      if (event === undefined) return any;
      any = this.#take(event) || any;
    }
    return true;
  }

  /** @returns whether the event was handed on */
  #take({ bytes, id, data }: EventLines): boolean {
    if (id === undefined) {
      // A comment without a number is a heartbeat or a notice of Weir's.
      if (data === undefined) return false;
      throw new ResumeError(`the server sent "${data.slice(0, 200)}", which is no part of it`);
    }
    if (!this.#numbering.take(id)) return false;
    this.#attempts = 0;
    const sight = data === undefined ? 'goes_on' : lookForEnd(data, this.#options.path);
    if (sight !== 'goes_on') this.#sight = sight;
    this.#controller.enqueue(bytes);
    if (sight === 'end') this.#end();
    return true;
  }

  /** The end of the response follows at once; a connection that is read to its end can be used again. */
  #end(): void {
    this.#controller.close();
    this.#close();
    const drop = () => this.#drop();
    this.#connection.bytes.next().then(drop, drop);
  }

  /** Takes the next bytes. @returns why none will come any more */
  async #read(): Promise<Failure | undefined> {
    const { bytes, watchdog, events } = this.#connection;
    let read: IteratorResult<Uint8Array>;
    try {
      read = await bytes.next();
    } catch (error) {
      return { reason: watchdog.silence ?? `the connection broke: ${messageOf(error)}`, error };
    }
    watchdog.touch();
    if (!read.done) {
      this.#aliveAt = performance.now();
      events.push(read.value);
      return undefined;
    }
    // Half an event is none. Only what ends an answer may lack its blank line.
    const last = events.end();
    if (last?.id !== undefined && lookForEnd(last.data ?? '', this.#options.path) === 'end') this.#take(last);
    return { reason: 'the connection ended before the answer' };
  }

  /** Connects again and again, until the answer goes on. @throws ResumeError */
  async #resume(first: Failure): Promise<void> {
    this.#drop();
    let failure: Failure | undefined = first;
    while (failure !== undefined) {
      await this.#pause(failure);
      if (this.#isOver) return;
      failure = await this.#connect();
    }
  }

  async #pause({ reason, error, retryAfter }: Failure): Promise<void> {
    const { giveUpAfterMs, onInterrupt } = this.#options;
    this.#attempts += 1;
    const attempt = this.#attempts;
    const silentMs = performance.now() - this.#aliveAt;
    const waitMs = nextTryMs({ attempt, retryAfter, silentMs, giveUpAfterMs, random: Math.random() });
    if (waitMs === undefined) {
      throw new ResumeError(`${reason} (gave up ${Math.round(silentMs / 1000)} s after the last data)`, error);
    }
    onInterrupt?.(reason, error);
    await pause(waitMs, this.#left.signal);
  }

  /** @returns undefined once the answer goes on, or has ended @throws ResumeError where it never will */
  async #connect(): Promise<Failure | undefined> {
    const { calls, silenceMs } = this.#options;
    const watchdog = new Watchdog(silenceMs, this.#left.signal);
    let response: TransportResponse;
    try {
      response = await calls.send(this.#numbering.lastId, watchdog.signal);
    } catch (error) {
      watchdog.stop();
      return { reason: watchdog.silence ?? `no response: ${messageOf(error)}`, error };
    }
    const verdict = judgeStatus('attach', response.status);
    if (verdict === 'stream' && isEventStream(response.headers('content-type'))) {
      watchdog.touch();
      this.#numbering.reconnected();
      this.#connection = { bytes: response.body[Symbol.asyncIterator](), watchdog, events: new EventCutter() };
      if (this.#isOver) this.#drop();
      return undefined;
    }
    watchdog.stop();
    if (verdict === 'at_end' && this.#sight === 'may_end') {
      this.#end();
      return undefined;
    }
    const refusal = await readRefusal(response);
    const reason = `the server does not continue it (status ${refusal.status}: ${refusal.message})`;
    if (verdict === 'again') return { reason, error: refusal, retryAfter: refusal.retryAfter };
    throw new ResumeError(reason, refusal);
  }
}
