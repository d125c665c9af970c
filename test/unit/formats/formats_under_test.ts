import { ChatReader, readChatAnswer } from '../../../src/formats/chat/chat_reader.ts';
import { ChatWriter, chatAnswer } from '../../../src/formats/chat/chat_writer.ts';
import { MessagesReader, readMessagesAnswer } from '../../../src/formats/messages/messages_reader.ts';
import { MessagesWriter, messagesAnswer } from '../../../src/formats/messages/messages_writer.ts';
import { ResponsesReader, readResponsesAnswer } from '../../../src/formats/responses/responses_reader.ts';
import { ResponsesWriter, responsesAnswer } from '../../../src/formats/responses/responses_writer.ts';
import type {
  FinishReason,
  StreamPart,
  StreamReader,
  StreamWriter,
  TokenUsage,
} from '../../../src/formats/stream_part.ts';

interface FormatUnderTest {
  writer(): StreamWriter;
  reader(): StreamReader;
  answer(parts: readonly StreamPart[]): object;
  readAnswer(body: unknown): readonly StreamPart[];
  /** What is left of a part when the format has carried it. */
  carried(part: StreamPart): StreamPart;
}

const chatHead = { id: 'chatcmpl-1', created: 1_700_000_000, model: 'm' };
const responsesHead = { id: 'resp_1', created: 1_700_000_000, model: 'm', request: {} };
const messagesHead = { id: 'msg_1', model: 'm' };

const usage = (part: StreamPart & { type: 'usage' }, keep: (usage: TokenUsage) => TokenUsage): StreamPart => ({
  type: 'usage',
  usage: keep(part.usage),
});

/** OpenAI's formats have fewer words. */
function finished(reason: FinishReason): StreamPart {
  const word: Partial<Record<FinishReason, FinishReason>> = {
    stop_sequence: 'stop',
    pause: 'stop',
    refusal: 'content_filter',
  };
  return { type: 'finish', reason: word[reason] ?? reason };
}

export const FORMATS: Record<string, FormatUnderTest> = {
  chat: {
    writer: () => new ChatWriter(chatHead, true),
    reader: () => new ChatReader(),
    answer: (parts) => chatAnswer(chatHead, parts),
    readAnswer: readChatAnswer,
    carried(part) {
      if (part.type === 'usage') return usage(part, ({ cacheWrite: _, ...kept }) => kept);
      if (part.type === 'citation') return { ...part, citation: { start: 0, end: 0, ...part.citation } };
      return part.type === 'finish' ? finished(part.reason) : part;
    },
  },
  responses: {
    writer: () => new ResponsesWriter(responsesHead),
    reader: () => new ResponsesReader(),
    answer: (parts) => responsesAnswer(responsesHead, parts),
    readAnswer: readResponsesAnswer,
    carried(part) {
      if (part.type === 'usage') {
        return usage(part, ({ input, output, cachedInput = 0, reasoning = 0 }) => ({
          input,
          output,
          cachedInput,
          reasoning,
        }));
      }
      if (part.type === 'citation') return { ...part, citation: { start: 0, end: 0, ...part.citation } };
      if (part.type === 'finish') return finished(part.reason);
      return part;
    },
  },
  messages: {
    writer: () => new MessagesWriter(messagesHead),
    reader: () => new MessagesReader(),
    answer: (parts) => messagesAnswer(messagesHead, parts),
    readAnswer: readMessagesAnswer,
    carried(part) {
      if (part.type === 'refusal') return { type: 'text', text: part.text };
      if (part.type === 'citation') {
        const { url, title } = part.citation;
        return { type: 'citation', citation: { url, title } };
      }
      if (part.type === 'usage') {
        return usage(part, ({ input, output, cachedInput = 0, cacheWrite = 0 }) => ({
          input,
          output,
          cachedInput,
          cacheWrite,
        }));
      }
      if (part.type === 'finish' && part.reason === 'content_filter') return { type: 'finish', reason: 'refusal' };
      return part;
    },
  },
};
