import { asWeirError, type ErrorCode, WeirError } from '../../formats/error_code.ts';
import type { PartParser, PartSink, Sight } from '../../formats/event_parser.ts';
import { type AnswerPart, sealedBy } from '../../formats/stream_part.ts';
import { EventScanner } from './event_scanner.ts';
import type { ByteAnswer, ByteConsumer, PartAnswer, PartConsumer } from './upstream.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: the characters that are one byte in UTF-8
const NOT_ASCII = /[^\x00-\x7f]/;

/**
 * Reads a stream of bytes as parts.
 * @param provider named in failures; @param headers as the client reads them
 */
export function parsedAnswer(
  answer: ByteAnswer,
  parser: PartParser,
  provider: string,
  headers?: ByteAnswer['headers'],
): PartAnswer {
  return new ParsedAnswer(answer, parser, provider, headers);
}

/** A consumer that is full leaves the rest of a read unparsed, and the socket unread. */
class ParsedAnswer implements PartAnswer, ByteConsumer, PartSink {
  readonly kind = 'parts';
  readonly headers: ByteAnswer['headers'] | undefined;
  readonly #answer: ByteAnswer;
  readonly #parser: PartParser;
  readonly #provider: string;
  readonly #scanner = new EventScanner(this);
  #consumer: PartConsumer | undefined;
  #full = false;
  #bytesEnded = false;
  /** Waits for a consumer that is full. */
  #ending: (() => void) | undefined;
  #over = false;

  constructor(answer: ByteAnswer, parser: PartParser, provider: string, headers: ByteAnswer['headers'] | undefined) {
    this.headers = headers;
    this.#answer = answer;
    this.#parser = parser;
    this.#provider = provider;
  }

  // --- PartAnswer

  start(consumer: PartConsumer): void {
    this.#consumer = consumer;
    this.#answer.start(this);
  }

  resume(): void {
    if (this.#over || !this.#full) return;
    this.#full = false;
    this.#scan(() => this.#scanner.resume());
    if (this.#full || this.#over) return;
    if (this.#ending) this.#ending();
    else if (this.#bytesEnded) this.#endOfBytes();
    else this.#answer.resume();
  }

  // --- ByteConsumer

  bytes(bytes: string): boolean {
    if (this.#over) return false;
    try {
      this.#scanner.push(bytes);
    } catch (error) {
      this.fail(asWeirError(error));
      return false;
    }
    if (this.#scanner.terminal !== undefined) this.#terminal();
    return !this.#full;
  }

  end(): void {
    if (this.#over) return;
    this.#bytesEnded = true;
    if (!this.#full) this.#endOfBytes();
  }

  fail(error: WeirError): void {
    if (this.#over) return;
    this.#over = true;
    this.#consumer?.fail(error);
  }

  // --- what the scanner reads with

  read(data: string): Sight {
    return this.#parser.readParts(data, this);
  }

  get complete(): boolean {
    return this.#parser.complete;
  }

  // --- PartSink

  text(text: string): void {
    if (!(this.#consumer as PartConsumer).text(text)) this.#pause();
  }

  part(part: AnswerPart): void {
    const owned = part.type === 'reasoning_seal' ? sealedBy(part, this.#provider) : part;
    if (!(this.#consumer as PartConsumer).part(owned)) this.#pause();
  }

  begun(): void {
    this.#consumer?.begun?.();
  }

  decode(bytes: string): string {
    return NOT_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes;
  }

  #pause(): void {
    this.#full = true;
    this.#scanner.isPaused = true;
  }

  #scan(work: () => unknown): void {
    try {
      work();
    } catch (error) {
      this.fail(asWeirError(error));
      return;
    }
    if (this.#scanner.terminal !== undefined) this.#terminal();
  }

  #terminal(): void {
    const { terminal } = this.#scanner;
    // What comes after it is of no interest; the connection may serve again.
    this.#answer.finish();
    if (terminal === 'end') this.#settle((consumer) => consumer.end(this.#parser.ending()));
    else this.#failWith(terminal === 'error' ? this.#parser.failure : 'upstream_protocol');
  }

  #endOfBytes(): void {
    let isWhole: boolean;
    try {
      isWhole = this.#scanner.end() !== undefined;
    } catch (error) {
      this.fail(asWeirError(error));
      return;
    }
    const { terminal } = this.#scanner;
    if (terminal === 'error') this.#failWith(this.#parser.failure);
    else if (isWhole) this.#settle((consumer) => consumer.end(this.#parser.ending()));
    else this.#failWith(terminal === 'broken' ? 'upstream_protocol' : 'upstream_truncated');
  }

  #failWith(code: ErrorCode = 'upstream_error'): void {
    this.#settle((consumer) => consumer.fail(new WeirError(code, { details: { provider: this.#provider } })));
  }

  /** A consumer that is full may still have something to send: it hears of the end when it has room. */
  #settle(ending: (consumer: PartConsumer) => void): void {
    const settle = () => {
      if (this.#over) return;
      this.#over = true;
      ending(this.#consumer as PartConsumer);
    };
    this.#ending = settle;
    if (!this.#full) settle();
  }
}
