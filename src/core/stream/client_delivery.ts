import { WeirError } from '../../formats/error_code.ts';
import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { Outcome } from '../observe/stream_observer.ts';
import type { SpanTarget } from '../observe/stream_span.ts';
import type { Permit } from '../resilience/connection_pool_manager.ts';
import type { Answer } from '../upstream/upstream.ts';
import { ClientWriter } from './client_writer.ts';
import type { Encoder } from './encoder.ts';
import { Relay } from './relay.ts';
import type { Delivery, StreamCore, StreamExchange } from './stream_exchange.ts';

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
    const { request, route, startedAt, head } = this.#exchange;
    const { observer, wheel } = this.#core;
    const encoder = this.#exchange.encoder(target);
    this.#encoder = encoder;
    const redact = (text: string) => route.targets.reduce((clean, { upstream }) => upstream.redact(clean), text);
    const bytes = request.parser && { parser: request.parser(), redact };
    const relay = new Relay(encoder, observer, startedAt, bytes);
    const sink = this.#exchange.sink(first?.kind === 'bytes' ? first.headers : {});
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
