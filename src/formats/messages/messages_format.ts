import type { AnswerHead, Format } from '../format.ts';
import { ReaderParser } from '../reader_parser.ts';
import { messagesFinishOf, messagesUsageOf } from './messages_end.ts';
import { MessagesReader, readMessagesAnswer } from './messages_reader.ts';
import { MessagesWriter, messagesAnswer } from './messages_writer.ts';
import { readMessagesRequest } from './read_messages_request.ts';
import { writeMessagesRequest } from './write_messages_request.ts';

const headOf = ({ id, model }: AnswerHead) => ({ id: `msg_${id}`, model });

/** Anthropic's messages. */
export const messagesFormat: Format = {
  readRequest: readMessagesRequest,
  writeRequest: writeMessagesRequest,
  reader: () => new MessagesReader(),
  partParser: (wantsParts) => new ReaderParser(new MessagesReader(), wantsParts),
  writer: (head) => new MessagesWriter(headOf(head)),
  resumedWriter: (events, head) => MessagesWriter.after(events, headOf(head)),
  readAnswer: readMessagesAnswer,
  writeAnswer: (head, parts) => messagesAnswer(headOf(head), parts),
  finishOf: messagesFinishOf,
  usageOf: messagesUsageOf,
};
