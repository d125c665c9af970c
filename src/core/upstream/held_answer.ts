import { asWeirError, WeirError } from '../../formats/error_code.ts';
import type { EventParser } from '../../formats/event_parser.ts';
import type { AnswerPart } from '../../formats/stream_part.ts';
import { isEventStream } from './check_head.ts';
import { EventScanner } from './event_scanner.ts';
import type { Answer, AnswerEnd, ByteAnswer, ByteConsumer, PartAnswer, PartConsumer } from './upstream.ts';

/** What comes before the first piece of an answer, a role or a ping, is small; beyond this it is passed on as it is. */
const MAX_HELD = 256 * 1024;

/**
 * Waits until an answer has begun, or ended.
 * @param parser of its own, for a stream of bytes; the consumer of the bytes reads them again
 * @param signal the answer's own; once it is aborted, the answer says nothing more
 * @returns the answer, with all of it still in it
 * @throws WeirError what it failed with before; the provider's own error is upstream_error
 */
export function heldAnswer<Given extends Answer>(
  answer: Given,
  parser: EventParser | undefined,
  provider: string,
  signal: AbortSignal,
): Promise<Given> {
  return new Promise<Answer>((resolve, reject) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (answer.kind === 'parts') answer.start(new HeldParts(answer, resolve, reject));
    else if (!parser || !isEventStream(answer.contentType)) resolve(answer);
    else answer.start(new HeldBytes(answer, new EventScanner(parser), provider, resolve, reject));
  }) as Promise<Given>;
}

/** Holds what came before its consumer, and how the answer ended. */
abstract class Held<Consumer extends { fail(error: WeirError): void }> {
  protected readonly begin: () => void;
  protected readonly failed: (error: WeirError) => void;
  protected consumer: Consumer | undefined;
  #ending: ((consumer: Consumer) => void) | undefined;

  constructor(begun: (answer: Answer) => void, failed: (error: WeirError) => void) {
    this.begin = () => begun(this as unknown as Answer);
    this.failed = failed;
  }

  start(consumer: Consumer): void {
    this.consumer = consumer;
    const hasRoom = this.giveHeld(consumer);
    if (this.#ending) this.#ending(consumer);
    else if (hasRoom) this.resume();
  }

  fail(error: WeirError): void {
    this.settle((consumer) => consumer.fail(error));
    // A consumer that is there already hears it there.
    this.failed(error);
  }

  protected settle(ending: (consumer: Consumer) => void): void {
    if (this.consumer) ending(this.consumer);
    else this.#ending = ending;
  }

  abstract resume(): void;
  /** @returns whether there is still room */
  protected abstract giveHeld(consumer: Consumer): boolean;
}

class HeldParts extends Held<PartConsumer> implements PartAnswer, PartConsumer {
  readonly kind = 'parts';
  readonly headers: PartAnswer['headers'];
  readonly #answer: PartAnswer;
  /** One event's parts at the most, as the answer then pauses. */
  #held: (string | AnswerPart)[] = [];

  constructor(answer: PartAnswer, begun: (answer: Answer) => void, failed: (error: WeirError) => void) {
    super(begun, failed);
    this.headers = answer.headers;
    this.#answer = answer;
  }

  resume(): void {
    this.#answer.resume();
  }

  text(text: string): boolean {
    return this.consumer ? this.consumer.text(text) : this.#hold(text);
  }

  part(part: AnswerPart): boolean {
    return this.consumer ? this.consumer.part(part) : this.#hold(part);
  }

  begun(): void {
    if (!this.consumer) this.begin();
  }

  end(end: AnswerEnd): void {
    this.settle((consumer) => consumer.end(end));
    this.begin();
  }

  #hold(part: string | AnswerPart): false {
    this.#held.push(part);
    this.begin();
    return false;
  }

  protected giveHeld(consumer: PartConsumer): boolean {
    let hasRoom = true;
    for (const part of this.#held) hasRoom = typeof part === 'string' ? consumer.text(part) : consumer.part(part);
    this.#held = [];
    return hasRoom;
  }
}

class HeldBytes extends Held<ByteConsumer> implements ByteAnswer, ByteConsumer {
  readonly kind = 'bytes';
  readonly status: number;
  readonly headers: ByteAnswer['headers'];
  readonly contentType: string;
  readonly #answer: ByteAnswer;
  readonly #scanner: EventScanner;
  readonly #provider: string;
  #held = '';

  constructor(
    answer: ByteAnswer,
    scanner: EventScanner,
    provider: string,
    begun: (answer: Answer) => void,
    failed: (error: WeirError) => void,
  ) {
    super(begun, failed);
    this.status = answer.status;
    this.headers = answer.headers;
    this.contentType = answer.contentType;
    this.#answer = answer;
    this.#scanner = scanner;
    this.#provider = provider;
  }

  resume(): void {
    this.#answer.resume();
  }

  finish(): void {
    this.#answer.finish();
  }

  bytes(bytes: string): boolean {
    if (this.consumer) return this.consumer.bytes(bytes);
    this.#held += bytes;
    try {
      this.#scanner.push(bytes);
    } catch (error) {
      this.failed(asWeirError(error));
      return false;
    }
    const { pieces, begun, terminal } = this.#scanner;
    const isSilent = pieces === 0 && !begun;
    if (isSilent && (terminal === 'error' || terminal === 'broken')) {
      this.failed(this.#error(terminal === 'error' ? 'upstream_error' : 'upstream_protocol'));
      return false;
    }
    if (isSilent && terminal === undefined && this.#held.length < MAX_HELD) return true;
    this.begin();
    return false;
  }

  end(): void {
    this.settle((consumer) => consumer.end());
    try {
      const isWhole = this.#scanner.end() !== undefined;
      if (isWhole) this.begin();
      else this.failed(this.#error(this.#scanner.terminal === 'broken' ? 'upstream_protocol' : 'upstream_truncated'));
    } catch (error) {
      this.failed(asWeirError(error));
    }
  }

  #error(code: 'upstream_error' | 'upstream_protocol' | 'upstream_truncated'): WeirError {
    return new WeirError(code, { details: { provider: this.#provider } });
  }

  protected giveHeld(consumer: ByteConsumer): boolean {
    const hasRoom = this.#held === '' || consumer.bytes(this.#held);
    this.#held = '';
    return hasRoom;
  }
}
