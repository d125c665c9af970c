import type { ErrorCode } from './error_code.ts';
import type { PartParser, PartSink, Sight } from './event_parser.ts';
import type { AnswerEnd, StreamPart, StreamReader, TokenUsage } from './stream_part.ts';

/** Gives what a reader reads to a sink, part by part. */
export class ReaderParser implements PartParser {
  /** The reader's; kept here, as most tokens of chat then need no more of the reader. */
  readonly #plainText: StreamReader['plainText'];
  readonly #reader: StreamReader;
  readonly #wantsParts: boolean;
  #begun = false;
  #usage: TokenUsage | undefined;
  #finish: (StreamPart & { type: 'finish' }) | undefined;
  failure: ErrorCode | undefined;

  /** @param wantsParts whether the sink wants more than text */
  constructor(reader: StreamReader, wantsParts: boolean) {
    this.#plainText = reader.plainText;
    this.#reader = reader;
    this.#wantsParts = wantsParts;
  }

  get complete(): boolean {
    return this.#reader.complete;
  }

  readParts(data: string, sink: PartSink): Sight {
    const plain = this.#plainText?.call(this.#reader, data);
    if (plain) {
      this.#begun = true;
      sink.text(sink.decode(plain));
      return 'piece';
    }
    let sight: Sight = 'none';
    for (const part of this.#reader.read(sink.decode(data))) sight = this.#give(part, sink);
    if (sight !== 'none' || this.#begun || !this.#reader.hasBegun) return sight;
    this.#begun = true;
    sink.begun();
    return 'begun';
  }

  ending(): AnswerEnd {
    for (const part of this.#reader.end()) this.#end(part);
    const { reason = 'other', sequence } = this.#finish ?? {};
    return {
      finish: reason,
      ...(sequence === undefined ? {} : { sequence }),
      finishReason: this.#reader.finishReason ?? null,
      ...(this.#usage ? { usage: this.#usage } : {}),
    };
  }

  #give(part: StreamPart, sink: PartSink): Sight {
    if (part.type === 'usage' || part.type === 'finish' || part.type === 'error') return this.#end(part);
    if (part.type === 'text') sink.text(part.text);
    else if (this.#wantsParts) sink.part(part);
    else if (!this.#begun) sink.begun();
    this.#begun = true;
    return 'piece';
  }

  #end(part: StreamPart): Sight {
    if (part.type === 'usage') this.#usage = part.usage;
    if (part.type === 'finish') this.#finish = part;
    if (part.type !== 'error') return part.type === 'finish' ? 'end' : 'none';
    if (part.error.code === 'upstream_protocol') return 'broken';
    this.failure = part.error.code;
    return 'error';
  }
}
