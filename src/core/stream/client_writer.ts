import { WeirError } from '../../formats/error_code.ts';
import { HEARTBEAT_MS, SLOW_CLIENT_MS } from '../../formats/timing.ts';
import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { Outcome } from '../observe/observers.ts';
import type { SpanTarget } from '../observe/stream_span.ts';
import type { Permit } from '../resilience/connection_pool_manager.ts';
import type { TimerWheel, WheelTimer } from '../time/timer_wheel.ts';
import type { Answer } from '../upstream/upstream.ts';
import type { Encoder, Outlet, Sink } from './encoder.ts';
import { type BytesRelayed, Relay } from './relay.ts';
import type { Delivery, StreamCore, StreamExchange } from './stream_exchange.ts';

/**
 * One client of a stream: passes frames to its sink, fills silence, and notices a client that no longer reads.
 * Per frame it costs one comparison and one clock read; its one timer looks after everything else.
 */
export class ClientWriter implements Outlet {
  readonly #sink: Sink;
  readonly #heartbeat: string;
  readonly #timer: WheelTimer;
  readonly #onSlow: () => void;
  #full = false;
  /** In whole milliseconds: V8 keeps those inside the object, and a fraction in a place of its own. */
  #lastWrite = 0;
  #taken: number | undefined;
  #stuckSince = 0;
  #ended = false;

  /** @param onRoom there is room again; @param onSlow the client has stopped reading, and is to be given up */
  constructor(sink: Sink, wheel: TimerWheel, heartbeat: string, onRoom: () => void, onSlow: () => void) {
    this.#sink = sink;
    this.#heartbeat = heartbeat;
    this.#onSlow = onSlow;
    this.#timer = wheel.timer(() => this.#look());
    sink.onDrain(() => {
      if (!this.#full || this.#ended) return;
      this.#full = false;
      onRoom();
    });
  }

  get full(): boolean {
    return this.#full;
  }

  passBytes(): void {
    this.#sink.passBytes?.();
  }

  open(firstFrame: string): void {
    this.#lastWrite = Math.trunc(performance.now());
    this.#sink.open(firstFrame);
    this.#timer.arm(HEARTBEAT_MS);
  }

  write(frame: string, now: number): boolean {
    if (this.#ended) return true;
    this.#lastWrite = Math.trunc(now);
    if (!this.#sink.write(frame)) this.#full = true;
    return !this.#full;
  }

  /** The last frame, once; later calls do nothing. */
  end(lastFrame: string): void {
    if (this.#ended) return;
    this.close();
    this.#sink.end(lastFrame);
  }

  /** The client is gone: no more bytes, no more timers. */
  close(): void {
    this.#ended = true;
    this.#timer.cancel();
  }

  /** Cuts the client off, so that it sees a truncation and not an end. */
  cut(): void {
    this.close();
    this.#sink.destroy();
  }

  #look(): void {
    const now = performance.now();
    const taken = this.#sink.takenWhileWaiting();
    if (taken === undefined || taken !== this.#taken) {
      this.#taken = taken;
      this.#stuckSince = now;
    } else if (now - this.#stuckSince >= SLOW_CLIENT_MS) {
      this.#onSlow();
      return;
    }
    const silence = now - this.#lastWrite;
    if (!this.#full && silence >= HEARTBEAT_MS) this.write(this.#heartbeat, now);
    this.#timer.arm(taken === undefined && silence < HEARTBEAT_MS ? HEARTBEAT_MS - silence : HEARTBEAT_MS / 2);
  }
}

/** How an answer in bytes is relayed; undefined where the client's format is never passed on. */
export function bytesRelayed({ request, route }: StreamExchange): BytesRelayed | undefined {
  if (!request.parser) return undefined;
  const redact = (text: string) => route.targets.reduce((clean, { upstream }) => upstream.redact(clean), text);
  return { parser: request.parser(), redact };
}

/** The delivery of a plain stream: its one client's connection. */
export class ClientDelivery implements Delivery {
  readonly abort: AbortController;
  readonly #core: StreamCore;
  readonly #exchange: StreamExchange;
  readonly #permit: Permit;
  #encoder: Encoder | undefined;
  #writer: ClientWriter | undefined;

  constructor(core: StreamCore, exchange: StreamExchange, permit: Permit) {
    this.abort = exchange.abort;
    this.#core = core;
    this.#exchange = exchange;
    this.#permit = permit;
  }

  open(first: Answer | undefined, target: SpanTarget): Relay {
    const { startedAt, head } = this.#exchange;
    const { observer, wheel } = this.#core;
    const encoder = this.#exchange.encoder(target);
    this.#encoder = encoder;
    const relay = new Relay(encoder, observer, startedAt, bytesRelayed(this.#exchange));
    const sink = this.#exchange.sink(first?.headers ?? {}, target);
    const giveUp = () => this.abort.abort(new WeirError('slow_reader'));
    this.#writer = new ClientWriter(sink, wheel, encoder.heartbeat, relay.resume, giveUp);
    // What an answer begins with in the client's own format is the upstream's to say, where it passes bytes.
    const begins = head.after === 'head' || first?.kind === 'parts';
    relay.attach(this.#writer, !begins);
    this.#writer.open(begins ? encoder.status(0) : '');
    return relay;
  }

  notice(notice: NoticeEvent): void {
    const frame = this.#encoder?.notice(notice) ?? '';
    if (frame !== '') this.#writer?.write(frame, performance.now());
  }

  async end(outcome: Outcome, frame: () => string): Promise<boolean> {
    // The slot first: a client that goes on at once must find it free.
    await this.#permit.release();
    if (outcome === 'slow_reader') this.#writer?.cut();
    else this.#writer?.end(frame());
    return true;
  }

  close(): void {
    this.#writer?.close();
  }
}
