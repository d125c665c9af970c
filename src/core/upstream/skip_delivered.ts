import { WeirError } from '../../formats/error_code.ts';
import type { AnswerPart } from '../../formats/stream_part.ts';
import type { AnswerEnd, PartAnswer, PartConsumer } from './upstream.ts';

const DIFFERS = 'The instance that produced this stream is gone, and its provider did not say the same text again.';

/**
 * An answer that says `delivered` again before it goes on: compared character by character, and left out, wherever its
 * pieces begin and end. One that says anything else, or less, fails with `producer_lost`: never a splice of two texts.
 * @param onDiffer called before that failure, to stop what runs
 */
export function skipDelivered(answer: PartAnswer, delivered: readonly string[], onDiffer: () => void): PartAnswer {
  return new SkippingAnswer(answer, delivered.join(''), onDiffer);
}

class SkippingAnswer implements PartAnswer, PartConsumer {
  readonly kind = 'parts';
  readonly #answer: PartAnswer;
  readonly #delivered: string;
  readonly #onDiffer: () => void;
  #consumer: PartConsumer | undefined;
  /** So much of it was said again, in UTF-16 units. */
  #at = 0;
  #over = false;

  constructor(answer: PartAnswer, delivered: string, onDiffer: () => void) {
    this.#answer = answer;
    this.#delivered = delivered;
    this.#onDiffer = onDiffer;
  }

  start(consumer: PartConsumer): void {
    this.#consumer = consumer;
    this.#answer.start(this);
  }

  resume(): void {
    this.#answer.resume();
  }

  text(text: string): boolean {
    const consumer = this.#consumer as PartConsumer;
    if (this.#over) return false;
    if (this.#at === this.#delivered.length) return consumer.text(text);
    const again = text.slice(0, this.#delivered.length - this.#at);
    if (!this.#delivered.startsWith(again, this.#at)) return this.#differs();
    this.#at += again.length;
    return again.length === text.length || consumer.text(text.slice(again.length));
  }

  /** What is no text is not compared: of what was said before, only text is known. */
  part(part: AnswerPart): boolean {
    if (this.#over) return false;
    return this.#at < this.#delivered.length || (this.#consumer as PartConsumer).part(part);
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

/** An answer whose provider counts only a part of the whole: better no count than a wrong one. */
export function uncounted(answer: PartAnswer): PartAnswer {
  return {
    kind: 'parts',
    start: (consumer) =>
      answer.start({
        text: (text) => consumer.text(text),
        part: (part) => consumer.part(part),
        end: ({ usage: _, ...end }) => consumer.end(end),
        fail: (error) => consumer.fail(error),
      }),
    resume: () => answer.resume(),
  };
}
