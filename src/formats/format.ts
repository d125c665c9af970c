import type { PartParser } from './event_parser.ts';
import type { GenerationRequest } from './generation_request.ts';
import type { JsonObject } from './json_object.ts';
import type { FinishReason, StreamPart, StreamReader, StreamWriter, TokenUsage } from './stream_part.ts';

/** What an answer says of itself, apart from its parts. */
export interface AnswerHead {
  /** Unique; a format puts its own prefix before it. */
  id: string;
  /** Unix seconds. */
  created: number;
  /** As the client wrote it. */
  model: string;
  /** Of the request: some formats repeat fields of it. */
  body: JsonObject;
  /** Who answers, and the instance that the client reached; for formats that say so. */
  provider?: string;
  instance?: string;
}

/** Who a request is written for. */
export interface WriteTarget {
  /** Its name in the configuration. */
  provider: string;
  /** The host of its address: what a known provider takes does not hang on its name. */
  server?: string;
  /** As the provider calls it. */
  model: string;
  stream: boolean;
  /** The most tokens that the model can write, from the configuration; for formats that must say a limit. */
  maxTokens?: number;
}

export interface WrittenRequest {
  body: JsonObject;
  /** Harmless fields that the format has no place for, by their paths in the client's body. */
  dropped: readonly string[];
  /** The name of a tool whose arguments are the answer. */
  answerTool?: string;
}

/** How streams are written in one wire format, and read. */
export interface StreamFormat {
  reader(): StreamReader;
  writer(head: AnswerHead): StreamWriter;
  /**
   * A writer that goes on where another one, or a provider, stopped: with the same ids, places and numbers.
   * @param events the data of each event so far, in order; none of them ends the answer. With none it has yet to begin
   */
  resumedWriter?(events: readonly string[], head: AnswerHead): StreamWriter;
  /** What one of its words for why an answer ended means. */
  finishOf(word: unknown): FinishReason;
}

/** One wire format: how requests and answers are written in it. Reading and writing know no other format. */
export interface Format extends StreamFormat {
  /** @throws WeirError validation_error */
  readRequest(body: unknown): GenerationRequest;
  /** @throws WeirError not_supported for what would change the answer and has no place in this format */
  writeRequest(request: GenerationRequest, to: WriteTarget): WrittenRequest;
  /** Its reader, for a stream of bytes. @param wantsParts whether more than text is wanted */
  partParser(wantsParts: boolean): PartParser;
  readAnswer(body: unknown): readonly StreamPart[];
  /** @param parts of a whole answer, without an error */
  writeAnswer(head: AnswerHead, parts: readonly StreamPart[]): object;
  /**
   * @param value what an answer, or one of its events, has under `usage`
   * @param before what the events before it have said, where they say totals so far
   * @returns undefined where no counts were reported, or one of them is no count
   */
  usageOf(value: unknown, before?: TokenUsage): TokenUsage | undefined;
}
