import { WeirError } from '../../formats/error_code.ts';
import type { Answer, AnswerConsumer, AnswerEnd } from './provider.ts';

const DIFFERS = 'The instance that produced this stream is gone, and its provider did not say the same text again.';

/**
 * An answer that says `delivered` again before it goes on: compared character by character, and left out, wherever its
 * pieces begin and end. One that says anything else, or less, fails with `producer_lost`: never a splice of two texts.
 * @param onDiffer called before that failure, to stop what runs
 */
export function skipDelivered(answer: Answer, delivered: readonly string[], onDiffer: () => void): Answer {
  return new SkippingAnswer(answer, delivered.join(''), onDiffer);
}

class SkippingAnswer implements Answer, AnswerConsumer {
  readonly #answer: Answer;
  readonly #delivered: string;
  readonly #onDiffer: () => void;
  #consumer: AnswerConsumer | undefined;
  /** So much of it was said again, in UTF-16 units. */
  #at = 0;
  #over = false;

  constructor(answer: Answer, delivered: string, onDiffer: () => void) {
    this.#answer = answer;
    this.#delivered = delivered;
    this.#onDiffer = onDiffer;
  }

  start(consumer: AnswerConsumer): void {
    this.#consumer = consumer;
    this.#answer.start(this);
  }

  resume(): void {
    this.#answer.resume();
  }

  content(text: string): boolean {
    const consumer = this.#consumer as AnswerConsumer;
    if (this.#over) return false;
    if (this.#at === this.#delivered.length) return consumer.content(text);
    const again = text.slice(0, this.#delivered.length - this.#at);
    if (!this.#delivered.startsWith(again, this.#at)) return this.#differs();
    this.#at += again.length;
    return again.length === text.length || consumer.content(text.slice(again.length));
  }

  end(end: AnswerEnd): void {
    if (this.#over) return;
    if (this.#at < this.#delivered.length) this.#differs();
    else this.#consumer?.end(end);
  }

  fail(error: WeirError): void {
    if (!this.#over) this.#consumer?.fail(error);
  }

  #differs(): false {
    this.#over = true;
    this.#onDiffer();
    this.#consumer?.fail(new WeirError('producer_lost', { message: DIFFERS }));
    return false;
  }
}
