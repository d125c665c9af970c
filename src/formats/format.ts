import type { GenerationRequest } from './generation_request.ts';
import type { JsonObject } from './json_object.ts';
import type { StreamPart, StreamReader, StreamWriter } from './stream_part.ts';

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
}

/** One wire format: how requests and answers are written in it. Reading and writing know no other format. */
export interface Format {
  /** @throws WeirError validation_error */
  readRequest(body: unknown): GenerationRequest;
  reader(): StreamReader;
  writer(head: AnswerHead): StreamWriter;
  readAnswer(body: unknown): readonly StreamPart[];
  /** @param parts of a whole answer, without an error */
  writeAnswer(head: AnswerHead, parts: readonly StreamPart[]): object;
}
