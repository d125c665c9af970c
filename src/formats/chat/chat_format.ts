import type { AnswerHead, Format } from '../format.ts';
import { ReaderParser } from '../reader_parser.ts';
import { chatFinishOf, chatUsageOf } from './chat_end.ts';
import { ChatReader, readChatAnswer } from './chat_reader.ts';
import { ChatWriter, chatAnswer } from './chat_writer.ts';
import { readChatRequest } from './read_chat_request.ts';
import { writeChatRequest } from './write_chat_request.ts';

const headOf = ({ id, created, model }: AnswerHead) => ({ id: `chatcmpl-${id}`, created, model });

/** OpenAI's chat completions. */
export const chatFormat: Format = {
  readRequest: readChatRequest,
  writeRequest: writeChatRequest,
  reader: () => new ChatReader(),
  partParser: (wantsParts) => new ReaderParser(new ChatReader(), wantsParts),
  writer: (head) => new ChatWriter(headOf(head), head.body),
  readAnswer: readChatAnswer,
  writeAnswer: (head, parts) => chatAnswer(headOf(head), head.body, parts),
  finishOf: chatFinishOf,
  usageOf: chatUsageOf,
};
