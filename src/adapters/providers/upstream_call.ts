import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { TimerWheel } from '../../core/time/timer_wheel.ts';
import type { Redact } from '../../core/upstream/redactor.ts';
import { SilenceWatch } from '../../core/upstream/silence_watch.ts';
import type { ByteAnswer, ByteConsumer } from '../../core/upstream/upstream.ts';
import { asWeirError, WeirError } from '../../formats/error_code.ts';
import { Leftover } from './leftover.ts';
import { passedHeaders } from './passed_headers.ts';
import { passWholeChunks } from './small_reads.ts';

/** A refusal is read whole before any of it is passed on; one that is longer than this is none. */
const REFUSAL_BYTES = 1024 * 1024;
/** RFC 9110, section 15: what is beyond it can't be passed on. */
const MAX_STATUS = 599;

export interface CallAbout {
  provider: string;
  /** Cuts its key out of its headers, and of what is said of a failure. */
  redact: Redact;
  silenceMs: number;
}

/** One call: undici's handler on one side, an {@link ByteAnswer} on the other. */
export class UpstreamCall implements ByteAnswer, Dispatcher.DispatchHandler {
  readonly kind = 'bytes';
  readonly #about: CallAbout;
  readonly #wheel: TimerWheel;
  readonly #signal: AbortSignal;
  readonly #watch: SilenceWatch;
  readonly #resolve: (answer: ByteAnswer) => void;
  readonly #reject: (error: WeirError) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #consumer: ByteConsumer | undefined;
  #full = false;
  #settled = false;
  #refusal = '';
  /** How it ended before anybody listened: an answer may have no body. */
  #ending: ((consumer: ByteConsumer) => void) | undefined;
  #leftover: Leftover | undefined;
  status = 0;
  headers: Record<string, string> = {};
  contentType = '';

  constructor(
    about: CallAbout,
    wheel: TimerWheel,
    signal: AbortSignal,
    resolve: (answer: ByteAnswer) => void,
    reject: (error: WeirError) => void,
  ) {
    this.#about = about;
    this.#wheel = wheel;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#watch = new SilenceWatch(wheel, about.silenceMs, () => this.#fail(new WeirError('upstream_timeout')));
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  // --- ByteAnswer

  start(consumer: ByteConsumer): void {
    this.#consumer = consumer;
    if (this.#ending) {
      this.#ending(consumer);
      return;
    }
    this.#watch.hold(false);
    this.#controller?.resume();
  }

  resume(): void {
    if (this.#settled || !this.#full) return;
    this.#full = false;
    this.#watch.hold(false);
    this.#controller?.resume();
  }

  finish(): void {
    if (this.#settled) return;
    this.#settle();
    this.#leftover = new Leftover(this.#controller, this.#wheel);
    if (this.#full) this.#controller?.resume();
  }

  // --- undici's handler

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#settled) controller.abort(new WeirError('cancelled'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // 103 and its like announce; the head is yet to come.
    if (this.#settled || status < 200) return;
    this.status = status;
    this.contentType = this.#about.redact(String(headers['content-type'] ?? ''));
    this.headers = passedHeaders(headers, this.#about.redact);
    if (status > MAX_STATUS) {
      this.#fail(this.#error('upstream_error', 'its status is none of HTTP'));
      return;
    }
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      this.#fail(this.#error('upstream_protocol', `it compressed its answer (${encoding}), unasked`));
      return;
    }
    passWholeChunks(controller, headers, this);
    controller.pause();
    this.#watch.hold(true);
    this.#resolve(this);
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Uint8Array): void {
    if (this.#settled) {
      this.#leftover?.drop(bytes);
      return;
    }
    this.#watch.touch();
    const text = (bytes as Buffer).toString('latin1');
    if (this.status >= 400) {
      this.#refusal += text;
      if (this.#refusal.length > REFUSAL_BYTES) this.#fail(this.#error('upstream_error', 'its refusal has no end'));
      return;
    }
    let hasRoom: boolean;
    try {
      hasRoom = (this.#consumer as ByteConsumer).bytes(text);
    } catch (error) {
      this.#fail(asWeirError(error));
      return;
    }
    if (hasRoom || this.#settled) return;
    this.#full = true;
    this.#watch.hold(true);
    controller.pause();
  }

  onResponseEnd(): void {
    this.#leftover?.end();
    if (this.#settled) return;
    this.#settle();
    this.#notify((consumer) => {
      if (this.#refusal !== '') consumer.bytes(this.#refusal);
      consumer.end();
    });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#leftover?.end();
    this.#fail(this.#error(this.#consumer ? 'upstream_truncated' : 'upstream_error', error.message));
  }

  #error(code: 'upstream_truncated' | 'upstream_error' | 'upstream_protocol', reason: string): WeirError {
    const status = this.status === 0 ? {} : { status: this.status };
    const details = { provider: this.#about.provider, ...status, reason: this.#about.redact(reason) };
    return new WeirError(code, { details });
  }

  #fail(error: WeirError): void {
    if (this.#settled) return;
    this.#settle();
    this.#controller?.abort(error);
    this.#reject(error);
    this.#notify((consumer) => consumer.fail(error));
  }

  #notify(ending: (consumer: ByteConsumer) => void): void {
    if (this.#consumer) ending(this.#consumer);
    else this.#ending = ending;
  }

  readonly #onAbort = (): void => {
    this.#fail(this.#signal.reason);
  };

  #settle(): void {
    this.#settled = true;
    this.#watch[Symbol.dispose]();
    this.#signal.removeEventListener('abort', this.#onAbort);
  }
}
