import type { WeirError } from '../../formats/error_code.ts';
import type { Answer, AnswerConsumer, AnswerEnd } from './provider.ts';

/**
 * Waits until an answer has begun, or ended.
 * @param signal the answer's own; once it is aborted, the answer says nothing more
 * @returns the answer, with all of its text still in it
 * @throws WeirError what it failed with before it said anything
 */
export function heldAnswer(answer: Answer, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    answer.start(new HeldAnswer(answer, resolve, reject));
  });
}

class HeldAnswer implements Answer, AnswerConsumer {
  readonly #answer: Answer;
  readonly #begun: (answer: Answer) => void;
  readonly #failed: (error: WeirError) => void;
  #consumer: AnswerConsumer | undefined;
  /** One piece at the most, as the answer then pauses. */
  #held = '';
  #ending: ((consumer: AnswerConsumer) => void) | undefined;

  constructor(answer: Answer, begun: (answer: Answer) => void, failed: (error: WeirError) => void) {
    this.#answer = answer;
    this.#begun = begun;
    this.#failed = failed;
  }

  // --- Answer

  start(consumer: AnswerConsumer): void {
    this.#consumer = consumer;
    const full = this.#held !== '' && !consumer.content(this.#held);
    this.#held = '';
    if (this.#ending) this.#ending(consumer);
    else if (!full) this.#answer.resume();
  }

  resume(): void {
    this.#answer.resume();
  }

  // --- AnswerConsumer

  content(text: string): boolean {
    if (this.#consumer) return this.#consumer.content(text);
    this.#held += text;
    this.#begun(this);
    return false;
  }

  begun(): void {
    if (!this.#consumer) this.#begun(this);
  }

  end(end: AnswerEnd): void {
    this.#settle((consumer) => consumer.end(end));
    this.#begun(this);
  }

  fail(error: WeirError): void {
    this.#settle((consumer) => consumer.fail(error));
    // Whoever has it already hears it there.
    this.#failed(error);
  }

  #settle(ending: (consumer: AnswerConsumer) => void): void {
    if (this.#consumer) ending(this.#consumer);
    else this.#ending = ending;
  }
}
