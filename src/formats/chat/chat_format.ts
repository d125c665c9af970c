import type { AnswerHead, Format } from '../format.ts';
import { parseObject } from '../json_object.ts';
import { ReaderParser } from '../reader_parser.ts';
import { chatFinishOf, chatUsageOf } from './chat_end.ts';
import { ChatReader, readChatAnswer } from './chat_reader.ts';
import { type ChatHead, ChatWriter, chatAnswer } from './chat_writer.ts';
import { readChatRequest } from './read_chat_request.ts';
import { writeChatRequest } from './write_chat_request.ts';

const headOf = ({ id, created, model }: AnswerHead) => ({ id: `chatcmpl-${id}`, created, model });

/** A chunk that says why the answer has ended; in text the quotes would be escaped. */
const FINISH = /"finish_reason": ?"/;

/** OpenAI's chat completions. */
export const chatFormat: Format = {
  readRequest: readChatRequest,
  writeRequest: writeChatRequest,
  reader: () => new ChatReader(),
  partParser: (wantsParts) => new ReaderParser(new ChatReader(), wantsParts),
  writer: (head) => new ChatWriter(headOf(head), head.body),
  resumedWriter: (events, head) => {
    const hasFinished = events.some((data) => FINISH.test(data));
    return new ChatWriter(headOfChunk(events[0]) ?? headOf(head), head.body, hasFinished);
  },
  readAnswer: readChatAnswer,
  writeAnswer: (head, parts) => chatAnswer(headOf(head), head.body, parts),
  finishOf: chatFinishOf,
  usageOf: chatUsageOf,
};

/** What the first chunk says of all of them. */
function headOfChunk(data: string | undefined): ChatHead | undefined {
  const { id, created, model } = (data === undefined ? undefined : parseObject(data)) ?? {};
  if (typeof id !== 'string' || typeof created !== 'number' || typeof model !== 'string') return undefined;
  return { id, created, model };
}
