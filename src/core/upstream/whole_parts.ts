import { WeirError } from '../../formats/error_code.ts';
import { type AnswerEnd, type AnswerPart, type StreamPart, sealedBy } from '../../formats/stream_part.ts';
import type { ByteAnswer, PartAnswer, PartConsumer } from './upstream.ts';

/**
 * An answer that has come whole.
 * @param parts its last part is its end; @param provider named in failures
 * @throws WeirError what the provider says went wrong
 */
export function wholeParts(
  parts: readonly StreamPart[],
  provider: string,
  headers: ByteAnswer['headers'] | undefined,
): PartAnswer {
  const last = parts.at(-1);
  if (last?.type === 'error') throw new WeirError(last.error.code, { details: { ...last.error.details, provider } });
  const owned = parts.map((part) => (part.type === 'reasoning_seal' ? sealedBy(part, provider) : part));
  return new WholeParts(owned, headers);
}

type Said = AnswerPart | { type: 'text'; text: string };

class WholeParts implements PartAnswer {
  readonly kind = 'parts';
  readonly headers: ByteAnswer['headers'] | undefined;
  readonly #said: readonly Said[];
  readonly #end: AnswerEnd;
  #consumer: PartConsumer | undefined;
  #at = 0;
  #giving = false;

  constructor(parts: readonly StreamPart[], headers: ByteAnswer['headers'] | undefined) {
    this.headers = headers;
    this.#said = parts.filter((part) => part.type !== 'usage' && part.type !== 'finish' && part.type !== 'error');
    const finish = parts.find((part) => part.type === 'finish');
    const usage = parts.find((part) => part.type === 'usage')?.usage;
    this.#end = {
      finish: finish?.reason ?? 'other',
      ...(finish?.sequence === undefined ? {} : { sequence: finish.sequence }),
      finishReason: finish?.reason ?? null,
      ...(usage ? { usage } : {}),
    };
  }

  start(consumer: PartConsumer): void {
    this.#consumer = consumer;
    this.resume();
  }

  resume(): void {
    const consumer = this.#consumer;
    // A consumer may make room while it is given something.
    if (!consumer || this.#giving || this.#at > this.#said.length) return;
    this.#giving = true;
    let hasRoom = true;
    while (hasRoom && this.#at < this.#said.length) {
      const part = this.#said[this.#at] as Said;
      this.#at += 1;
      hasRoom = part.type === 'text' ? consumer.text(part.text) : consumer.part(part);
    }
    this.#giving = false;
    if (!hasRoom || this.#at > this.#said.length) return;
    this.#at += 1;
    consumer.end(this.#end);
  }
}
