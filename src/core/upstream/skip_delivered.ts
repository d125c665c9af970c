import { WeirError } from '../../formats/error_code.ts';
import type { AnswerPart } from '../../formats/stream_part.ts';
import type { AnswerEnd, Delivered, PartAnswer, PartConsumer } from './upstream.ts';

const DIFFERS = 'The instance that produced this stream is gone, and its provider did not say the same text again.';

/**
 * An answer that says `delivered` again before it goes on: compared character by character, and left out, wherever its
 * pieces begin and end. One that says anything else, or less, fails with `producer_lost`: never a splice of two answers.
 * Text, reasoning and the arguments of each call are compared each for itself, as formats differ in their order.
 * @param onDiffer called before that failure, to stop what runs
 */
export function skipDelivered(answer: PartAnswer, delivered: Delivered, onDiffer: () => void): PartAnswer {
  return new SkippingAnswer(answer, delivered, onDiffer);
}

/** What was said of one kind, and how much of it was said again, in UTF-16 units. */
interface Said {
  text: string;
  at: number;
}

/** What formats may add by themselves. */
const COUNTED: ReadonlySet<string> = new Set(['reasoning_seal', 'citation']);

/** Parts whose text grows from one to the next have one name; each other part has its own. */
function nameOf(part: AnswerPart): string {
  return 'index' in part ? `${part.type} ${part.index}` : part.type;
}

/** What is compared of a part. What stands for others only by its number is counted. */
function textOf(part: AnswerPart): string {
  if ('text' in part) return part.text;
  if (part.type === 'tool_arguments') return part.json;
  // A name can be the beginning of another one.
  return part.type === 'tool_call' ? `${part.name}\n` : '.';
}

class SkippingAnswer implements PartAnswer, PartConsumer {
  readonly kind = 'parts';
  readonly #answer: PartAnswer;
  readonly #text: Said;
  /** Of what is no text; undefined where only text is known. */
  readonly #others: Map<string, Said> | undefined;
  readonly #onDiffer: () => void;
  #consumer: PartConsumer | undefined;
  #over = false;

  constructor(answer: PartAnswer, delivered: Delivered, onDiffer: () => void) {
    this.#answer = answer;
    this.#text = { text: delivered.filter((part) => typeof part === 'string').join(''), at: 0 };
    this.#onDiffer = onDiffer;
    const parts = delivered.filter((part) => typeof part !== 'string');
    if (parts.length === 0) return;
    this.#others = new Map();
    for (const part of parts) {
      const said = this.#others.get(nameOf(part)) ?? { text: '', at: 0 };
      said.text += textOf(part);
      this.#others.set(nameOf(part), said);
    }
  }

  start(consumer: PartConsumer): void {
    this.#consumer = consumer;
    this.#answer.start(this);
  }

  resume(): void {
    this.#answer.resume();
  }

  text(text: string): boolean {
    if (this.#over) return false;
    const rest = again(this.#text, text);
    if (rest === undefined) return this.#differs();
    return rest === '' || (this.#consumer as PartConsumer).text(rest);
  }

  part(part: AnswerPart): boolean {
    if (this.#over) return false;
    const consumer = this.#consumer as PartConsumer;
    if (!this.#others) return isOpen(this.#text) || consumer.part(part);
    const said = this.#others.get(nameOf(part));
    const rest = said ? again(said, textOf(part)) : textOf(part);
    if (rest === undefined) return this.#differs();
    if (rest === '' && said) return true;
    if ('text' in part) return consumer.part({ ...part, text: rest });
    return consumer.part(part.type === 'tool_arguments' ? { ...part, json: rest } : part);
  }

  end(end: AnswerEnd): void {
    if (this.#over) return;
    if (isOpen(this.#text) || this.#others?.entries().some(([name, said]) => !COUNTED.has(name) && isOpen(said)))
      this.#differs();
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

function isOpen({ text, at }: Said): boolean {
  return at < text.length;
}

/** @returns what of the piece was not said before; undefined where it is another one */
function again(said: Said, piece: string): string | undefined {
  if (!isOpen(said)) return piece;
  const repeated = piece.slice(0, said.text.length - said.at);
  if (!said.text.startsWith(repeated, said.at)) return undefined;
  said.at += repeated.length;
  return piece.slice(repeated.length);
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
