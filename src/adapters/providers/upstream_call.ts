import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { OpenCalls } from '../../core/routing/provider_load.ts';
import type { TimerWheel, WheelTimer } from '../../core/time/timer_wheel.ts';
import type { Redact } from '../../core/upstream/redactor.ts';
import type { ByteAnswer, ByteConsumer } from '../../core/upstream/upstream.ts';
import { asWeirError, WeirError } from '../../formats/error_code.ts';
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
  /** Counts this call for as long as it is open. */
  calls: OpenCalls;
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
    about.calls.count += 1;
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
    this.#about.calls.count -= 1;
    this.#watch[Symbol.dispose]();
    this.#signal.removeEventListener('abort', this.#onAbort);
  }
}

/**
 * Calls back when nothing was heard for `limitMs`. `touch` is one clock read, so it can stand on the path of every
 * read; the timer finds out afterwards. While held, silence is our own doing and doesn't count.
 */
export class SilenceWatch implements Disposable {
  readonly #timer: WheelTimer;
  readonly #limit: number;
  #last = performance.now();
  #held = false;

  constructor(wheel: TimerWheel, limitMs: number, onSilent: () => void) {
    this.#limit = limitMs;
    this.#timer = wheel.timer(() => {
      const silence = this.#held ? 0 : performance.now() - this.#last;
      if (silence >= this.#limit) onSilent();
      else this.#timer.arm(this.#limit - silence);
    });
    this.#timer.arm(limitMs);
  }

  touch(): void {
    this.#last = performance.now();
  }

  hold(held: boolean): void {
    this.#held = held;
    this.#last = performance.now();
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }
}

/** After its last event an answer has little left to say: this much, in bytes … */
const MAX_BYTES = 16 * 1024;
/** … and within this time. */
const MAX_MS = 5_000;

/** What comes after all was said. If it ends soon, the connection may serve again; else it is given up. */
export class Leftover {
  readonly #controller: Dispatcher.DispatchController | undefined;
  readonly #timer: WheelTimer;
  #bytes = 0;

  constructor(controller: Dispatcher.DispatchController | undefined, wheel: TimerWheel) {
    this.#controller = controller;
    this.#timer = wheel.timer(() => this.#giveUp());
    this.#timer.arm(MAX_MS);
  }

  drop(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#bytes > MAX_BYTES) this.#giveUp();
  }

  end(): void {
    this.#timer.cancel();
  }

  #giveUp(): void {
    this.#controller?.abort(new WeirError('cancelled'));
  }
}

/** What clients of these APIs read: when to try again, whether to, and how much is left. Nothing else is passed on. */
const PASSED = new Set(['retry-after', 'retry-after-ms', 'x-should-retry', 'openai-processing-ms', 'openai-version']);
const PASSED_PREFIX = /^(x-ratelimit-|anthropic-ratelimit-)/;

/** The provider's own request id, beside ours: its support asks for it. */
export const UPSTREAM_REQUEST_ID = 'x-upstream-request-id';

/** @returns lower-case names and their values, as `redact` leaves them */
export function passedHeaders(headers: IncomingHttpHeaders, redact: Redact): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && (PASSED.has(name) || PASSED_PREFIX.test(name))) passed[name] = redact(value);
  }
  const id = headers['x-request-id'] ?? headers['request-id'];
  if (typeof id === 'string') passed[UPSTREAM_REQUEST_ID] = redact(id);
  return passed;
}
