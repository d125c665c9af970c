import type { AnswerHead, Format } from '../format.ts';
import { ReaderParser } from '../reader_parser.ts';
import type { StreamPart } from '../stream_part.ts';
import { readResponsesRequest } from './read_responses_request.ts';
import type { ResponsesHead } from './response_object.ts';
import { responseState } from './response_state.ts';
import { responsesFinishOf, responsesUsageOf } from './responses_end.ts';
import { ResponsesReader, readResponsesAnswer } from './responses_reader.ts';
import { ResponsesWriter } from './responses_writer.ts';
import { writeResponsesRequest } from './write_responses_request.ts';

const DATA = '\ndata: ';

const headOf = ({ id, created, model, body }: AnswerHead) => ({ id: `resp_${id}`, created, model, request: body });

/** OpenAI's responses. */
export const responsesFormat: Format = {
  readRequest: readResponsesRequest,
  writeRequest: writeResponsesRequest,
  reader: () => new ResponsesReader(),
  partParser: (wantsParts) => new ReaderParser(new ResponsesReader(), wantsParts),
  writer: (head) => new ResponsesWriter(headOf(head)),
  resumedWriter: (events, head) => ResponsesWriter.after(responseState(events), headOf(head)),
  readAnswer: readResponsesAnswer,
  writeAnswer: (head, parts) => responsesAnswer(headOf(head), parts),
  finishOf: responsesFinishOf,
  usageOf: responsesUsageOf,
};

/** @param parts of a whole answer, without an error @returns the body of a response that is not streamed */
function responsesAnswer(head: ResponsesHead, parts: readonly StreamPart[]): object {
  const writer = new ResponsesWriter(head);
  const events = parts.map((part) => writer.write(part));
  const last = events.at(-1) as string;
  // The JSON of an event is one line: what it says can't look like the field's name.
  const data = last.slice(last.lastIndexOf(DATA) + DATA.length);
  return (JSON.parse(data) as { response: object }).response;
}
