import { asWeirError, WeirError } from '../../formats/error_code.ts';
import type { EventParser } from '../../formats/event_parser.ts';
import { type AnswerPart, lengthOf } from '../../formats/stream_part.ts';
import type { Usage } from '../../formats/weir/stream_event.ts';
import type { StreamObserver } from '../observe/observers.ts';
import type { SpanAnswer } from '../observe/stream_span.ts';
import { notAStream } from '../upstream/check_head.ts';
import { EventScanner } from '../upstream/event_scanner.ts';
import type { Redact } from '../upstream/redactor.ts';
import type { Answer, AnswerEnd, ByteAnswer, ByteConsumer, PartConsumer } from '../upstream/upstream.ts';
import { answerUsage, passedUsage, type RequestLengths, usageCounts } from '../usage/stream_usage.ts';
import type { Encoder, Outlet } from './encoder.ts';
import type { Ending } from './record_stream.ts';
import { Transcript, type TranscriptSummary } from './transcript.ts';

/** How bytes are relayed, where client and upstream may speak one format. */
export interface BytesRelayed {
  parser: EventParser;
  /** Cuts keys out of all that is no piece of the answer; pieces are not looked at. */
  redact: Redact;
}

/** Longer content is sent in pieces of so many UTF-16 units, and of whole characters: a slow reader holds back its rest. */
const PIECE = 16_384;

/**
 * Relays one answer to its outlet: the upstream's bytes as they are, or its parts as numbered frames of the client's
 * format. An outlet that is full stops the upstream. There is one ending, which is sent when the slot is free.
 */
export class Relay implements PartConsumer, ByteConsumer {
  readonly #encoder: Encoder;
  readonly #observer: StreamObserver;
  readonly #startedAt: number;
  readonly #bytes: BytesRelayed | undefined;
  readonly #transcript = new Transcript();
  #scanner: EventScanner | undefined;
  /** One, and no list of them: what a token has to fetch from memory is most of what it costs. */
  #outlet: Outlet | undefined;
  #answer: Answer | undefined;
  /** The first frame has yet to be sent. */
  #mustBegin = false;
  #seq = 0;
  #lastContent = 0;
  #pieces = 0;
  #partsLength = 0;
  #firstMs: number | undefined;
  #finish: (ending: Ending) => void = () => {};
  #ended = false;
  #summary: TranscriptSummary | undefined;
  /** What an outlet had no room for. */
  #waiting: (string | AnswerPart)[] = [];

  /**
   * @param startedAt when the request came, by `performance.now()`
   * @param bytes undefined where the client's format is never passed on
   * @param before text and last number that a dead owner has sent: numbers, counts and checksum go on after it
   */
  constructor(
    encoder: Encoder,
    observer: StreamObserver,
    startedAt: number,
    bytes?: BytesRelayed,
    before?: { texts: readonly string[]; seq: number },
  ) {
    this.#encoder = encoder;
    this.#observer = observer;
    this.#startedAt = startedAt;
    this.#bytes = bytes;
    for (const text of before?.texts ?? []) this.#transcript.add(text);
    this.#seq = before?.seq ?? 0;
    if (this.#seq > 0) this.#lastContent = performance.now();
  }

  /** Once, before {@link run}. @param mustBegin the encoder's first frame is sent with an answer in parts */
  attach(outlet: Outlet, mustBegin = false): void {
    this.#outlet = outlet;
    this.#mustBegin = mustBegin;
  }

  /** Relays until the answer ends, fails or is aborted; never rejects. */
  run(opening: Promise<Answer>, signal: AbortSignal): Promise<Ending> {
    return new Promise((resolve) => {
      const onAbort = () => this.fail(asWeirError(signal.reason));
      this.#finish = (ending) => {
        signal.removeEventListener('abort', onAbort);
        resolve(ending);
      };
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort);
      opening
        .then(
          (answer) => this.#start(answer),
          (error) => this.fail(asWeirError(error)),
        )
        .catch((error) => this.fail(asWeirError(error)));
    });
  }

  #start(answer: Answer): void {
    if (this.#ended) return;
    this.#answer = answer;
    if (answer.kind === 'parts') {
      if (this.#mustBegin) (this.#outlet as Outlet).write(this.#encoder.status(0), performance.now());
      answer.start(this);
      return;
    }
    const refusal = notAStream(answer);
    if (refusal) {
      this.fail(refusal);
      return;
    }
    this.#scanner = new EventScanner((this.#bytes as BytesRelayed).parser);
    this.#outlet?.passBytes?.();
    answer.start(this);
  }

  // --- an answer in parts

  text(text: string): boolean {
    if (this.#ended) return false;
    const now = performance.now();
    if (this.#lastContent === 0) this.#first(now - this.#startedAt);
    else this.#observer.gap(now - this.#lastContent);
    this.#lastContent = now;
    try {
      if (text.length <= PIECE && this.#waiting.length === 0) return this.#emit(text);
      this.#waiting.push(text);
      return this.#emitWaiting();
    } catch (error) {
      this.fail(asWeirError(error));
      return false;
    }
  }

  part(part: AnswerPart): boolean {
    if (this.#ended) return false;
    if (!this.#encoder.wantsParts) return true;
    this.#partsLength += lengthOf(part);
    this.#count(performance.now(), 0);
    try {
      if (this.#waiting.length === 0) return this.#emitPart(part);
      this.#waiting.push(part);
      return this.#emitWaiting();
    } catch (error) {
      this.fail(asWeirError(error));
      return false;
    }
  }

  // --- an answer in bytes

  bytes(bytes: string): boolean {
    if (this.#ended) return false;
    try {
      return this.#pass(bytes, this.#scanner as EventScanner);
    } catch (error) {
      this.fail(asWeirError(error));
      return false;
    }
  }

  // --- the end of either

  /** @param end of an answer in parts; bytes end without a word */
  end(end?: AnswerEnd): void {
    if (end) {
      this.#settle({ ok: true, end });
      return;
    }
    try {
      const scanner = this.#scanner as EventScanner;
      const last = scanner.end();
      if (last !== undefined && scanner.terminal !== 'error') this.#settle({ ok: true, last });
      else if (last !== undefined) this.#settle({ ok: false, last: this.#redact(last) });
      else this.fail(new WeirError(scanner.terminal === 'broken' ? 'upstream_protocol' : 'upstream_truncated'));
    } catch (error) {
      this.fail(asWeirError(error));
    }
  }

  fail(error: WeirError): void {
    this.#settle({ ok: false, error });
  }

  /** The outlet has room again. */
  readonly resume = (): void => {
    if (this.#ended) return;
    try {
      if (this.#emitWaiting()) this.#answer?.resume();
    } catch (error) {
      this.fail(asWeirError(error));
    }
  };

  /** The last frame; asked again, the same under whatever id its encoder then gives it. */
  lastFrame(ending: Ending): string {
    if (ending.last !== undefined) return ending.last;
    const seq = this.#seq + 1;
    this.#summary ??= this.#transcript.finish();
    if (ending.ok) return this.#encoder.complete(seq, this.#summary, ending.end, performance.now() - this.#startedAt);
    const frame = this.#encoder.error(seq, ending.error, this.#summary.length);
    return this.#scanner ? Buffer.from(frame).toString('latin1') : frame;
  }

  /** What a trace says of the answer. */
  answered(ending: Ending): SpanAnswer {
    const { finishReason, usage } = this.#reported(ending);
    return { firstMs: this.#firstMs, finishReason, usage: usage && usageCounts(usage) };
  }

  /** Tokens that this stream has cost. */
  usage(ending: Ending, lengths: RequestLengths): Usage {
    if (this.#scanner) return passedUsage(this.#bytes?.parser.usage, this.#pieces, ending.ok, lengths.body);
    const end = 'end' in ending ? ending.end : undefined;
    return answerUsage(end, lengths.prompt, this.#transcript.length + this.#partsLength);
  }

  /** For the log. */
  facts(): Record<string, unknown> | undefined {
    const usage = this.#scanner && this.#bytes?.parser.usage;
    return usage && usageCounts(usage);
  }

  #reported(ending: Ending): Partial<AnswerEnd> {
    if (this.#scanner) return (this.#bytes as BytesRelayed).parser as Partial<AnswerEnd>;
    return 'end' in ending ? ending.end : {};
  }

  #first(ms: number): void {
    this.#firstMs = ms;
    this.#observer.firstToken(ms);
  }

  #emit(text: string): boolean {
    this.#transcript.add(text);
    this.#seq += 1;
    const frame = this.#encoder.chunk(this.#seq, text, this.#transcript.chunks);
    return (this.#outlet as Outlet).write(frame, this.#lastContent);
  }

  #emitPart(part: AnswerPart): boolean {
    const frame = this.#encoder.part(this.#seq + 1, part);
    if (frame === '') return !(this.#outlet as Outlet).full;
    this.#seq += 1;
    return (this.#outlet as Outlet).write(frame, this.#lastContent);
  }

  /** Sends what waits, a huge text in pieces, as far as there is room. */
  #emitWaiting(): boolean {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const isLong = typeof next === 'string' && next.length > PIECE;
      const cut = isLong && ((next as string).codePointAt(PIECE - 1) as number) > 0xffff ? PIECE - 1 : PIECE;
      if (isLong) this.#waiting[0] = (next as string).slice(cut);
      else this.#waiting.shift();
      const hasRoom = typeof next === 'string' ? this.#emit(isLong ? next.slice(0, cut) : next) : this.#emitPart(next);
      if (!hasRoom) return false;
    }
    return true;
  }

  #pass(bytes: string, scanner: EventScanner): boolean {
    const now = performance.now();
    const events = scanner.push(bytes);
    if (scanner.pieces > 0) this.#count(now, scanner.pieces);
    const outlet = this.#outlet as Outlet;
    const { terminal } = scanner;
    if (terminal === undefined) {
      if (events === '') return !outlet.full;
      // A server may have a word of its own for an error.
      return outlet.write(scanner.others ? this.#redact(events) : events, now);
    }
    if (terminal === 'broken') {
      if (events !== '') outlet.write(events, now);
      this.fail(new WeirError('upstream_protocol'));
      return false;
    }
    (this.#answer as ByteAnswer).finish();
    this.#settle(terminal === 'end' ? { ok: true, last: events } : { ok: false, last: this.#redact(events) });
    return true;
  }

  /** Events of one read have no gap between them. */
  #count(now: number, pieces: number): void {
    if (this.#lastContent === 0) this.#first(now - this.#startedAt);
    else this.#observer.gap(now - this.#lastContent);
    for (let more = 1; more < pieces; more += 1) this.#observer.gap(0);
    this.#lastContent = now;
    this.#pieces += pieces;
  }

  #redact(events: string): string {
    return (this.#bytes as BytesRelayed).redact(events);
  }

  #settle(ending: Ending): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#finish(ending);
  }
}
