import type { AnswerHead, Format } from '../format.ts';
import { ReaderParser } from '../reader_parser.ts';
import { readResponsesRequest } from './read_responses_request.ts';
import { responsesFinishOf, responsesUsageOf } from './responses_end.ts';
import { ResponsesReader, readResponsesAnswer } from './responses_reader.ts';
import { ResponsesWriter, responsesAnswer } from './responses_writer.ts';
import { writeResponsesRequest } from './write_responses_request.ts';

const headOf = ({ id, created, model, body }: AnswerHead) => ({ id: `resp_${id}`, created, model, request: body });

/** OpenAI's responses. */
export const responsesFormat: Format = {
  readRequest: readResponsesRequest,
  writeRequest: writeResponsesRequest,
  reader: () => new ResponsesReader(),
  partParser: (wantsParts) => new ReaderParser(new ResponsesReader(), wantsParts),
  writer: (head) => new ResponsesWriter(headOf(head)),
  readAnswer: readResponsesAnswer,
  writeAnswer: (head, parts) => responsesAnswer(headOf(head), parts),
  finishOf: responsesFinishOf,
  usageOf: responsesUsageOf,
};
