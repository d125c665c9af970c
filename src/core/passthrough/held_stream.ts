import { asWeirError, WeirError } from '../../formats/error_code.ts';
import type { EventReader } from './event_reader.ts';
import { EventScanner } from './event_scanner.ts';
import type { ByteConsumer, OriginAnswer } from './origin.ts';

/** What comes before the first piece of an answer, a role or a ping, is small; beyond this it is passed on as it is. */
const MAX_HELD = 256 * 1024;

/**
 * Waits until a stream says something: the answer has begun, or ended.
 * @param reader of its own; whoever gets the bytes reads them again
 * @returns the stream, with all of its bytes still in it
 * @throws WeirError what it failed with before; the provider's own error is upstream_error
 */
export function heldStream(answer: OriginAnswer, reader: EventReader, provider: string): Promise<OriginAnswer> {
  return new Promise((resolve, reject) => {
    answer.start(new HeldStream(answer, new EventScanner(reader), provider, resolve, reject));
  });
}

class HeldStream implements OriginAnswer, ByteConsumer {
  readonly status: number;
  readonly headers: OriginAnswer['headers'];
  readonly contentType: string;
  readonly #answer: OriginAnswer;
  readonly #scanner: EventScanner;
  readonly #provider: string;
  readonly #begun: (answer: OriginAnswer) => void;
  readonly #failed: (error: WeirError) => void;
  #consumer: ByteConsumer | undefined;
  #held = '';
  #ending: ((consumer: ByteConsumer) => void) | undefined;

  constructor(
    answer: OriginAnswer,
    scanner: EventScanner,
    provider: string,
    begun: (answer: OriginAnswer) => void,
    failed: (error: WeirError) => void,
  ) {
    this.status = answer.status;
    this.headers = answer.headers;
    this.contentType = answer.contentType;
    this.#answer = answer;
    this.#scanner = scanner;
    this.#provider = provider;
    this.#begun = begun;
    this.#failed = failed;
  }

  // --- OriginAnswer

  start(consumer: ByteConsumer): void {
    this.#consumer = consumer;
    const full = this.#held !== '' && !consumer.bytes(this.#held);
    this.#held = '';
    if (this.#ending) this.#ending(consumer);
    else if (!full) this.#answer.resume();
  }

  resume(): void {
    this.#answer.resume();
  }

  finish(): void {
    this.#answer.finish();
  }

  // --- ByteConsumer

  bytes(bytes: string): boolean {
    if (this.#consumer) return this.#consumer.bytes(bytes);
    this.#held += bytes;
    try {
      this.#scanner.push(bytes);
    } catch (error) {
      this.#failed(asWeirError(error));
      return false;
    }
    const { pieces, begun, terminal } = this.#scanner;
    const isSilent = pieces === 0 && !begun;
    if (terminal === 'error' && isSilent) {
      this.#failed(this.#error('upstream_error'));
      return false;
    }
    if (terminal === 'broken' && isSilent) {
      this.#failed(this.#error('upstream_protocol'));
      return false;
    }
    if (isSilent && terminal === undefined && this.#held.length < MAX_HELD) return true;
    this.#begun(this);
    return false;
  }

  end(): void {
    this.#settle((consumer) => consumer.end());
    try {
      const isWhole = this.#scanner.end() !== undefined;
      if (isWhole) this.#begun(this);
      else this.#failed(this.#error(this.#scanner.terminal === 'broken' ? 'upstream_protocol' : 'upstream_truncated'));
    } catch (error) {
      this.#failed(asWeirError(error));
    }
  }

  fail(error: WeirError): void {
    this.#settle((consumer) => consumer.fail(error));
    // Whoever has it already hears it there.
    this.#failed(error);
  }

  #error(code: 'upstream_error' | 'upstream_protocol' | 'upstream_truncated'): WeirError {
    return new WeirError(code, { details: { provider: this.#provider } });
  }

  #settle(ending: (consumer: ByteConsumer) => void): void {
    if (this.#consumer) ending(this.#consumer);
    else this.#ending = ending;
  }
}
