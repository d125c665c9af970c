import { chatFormat } from '../../../src/formats/chat/chat_format.ts';
import type { Format } from '../../../src/formats/format.ts';
import { messagesFormat } from '../../../src/formats/messages/messages_format.ts';
import { responsesFormat } from '../../../src/formats/responses/responses_format.ts';
import type { FinishReason, StreamPart, TokenUsage } from '../../../src/formats/stream_part.ts';

const HEAD = { id: '1', created: 1_700_000_000, model: 'm', body: { stream_options: { include_usage: true } } };

interface FormatUnderTest {
  format: Format;
  /** What is left of a part when the format has carried it. */
  carried(part: StreamPart): StreamPart;
}

const counted = (part: StreamPart & { type: 'usage' }, keep: (usage: TokenUsage) => TokenUsage): StreamPart => ({
  type: 'usage',
  usage: keep(part.usage),
});
const placed = (part: StreamPart & { type: 'citation' }): StreamPart => ({
  type: 'citation',
  citation: { start: 0, end: 0, ...part.citation },
});

/** OpenAI's formats have fewer words. Where the refusal is in words, the answer has it. */
function finished(reason: FinishReason): StreamPart {
  const word: Partial<Record<FinishReason, FinishReason>> = { stop_sequence: 'stop', pause: 'stop' };
  return { type: 'finish', reason: word[reason] ?? reason };
}

export const FORMATS: Record<string, FormatUnderTest> = {
  chat: {
    format: chatFormat,
    carried(part) {
      if (part.type === 'citation') return placed(part);
      return part.type === 'finish' ? finished(part.reason) : part;
    },
  },
  responses: {
    format: responsesFormat,
    carried(part) {
      if (part.type === 'usage') {
        return counted(part, ({ cachedInput = 0, cacheWrite = 0, reasoning = 0, ...usage }) => ({
          ...usage,
          cachedInput,
          cacheWrite,
          reasoning,
        }));
      }
      if (part.type === 'citation') return placed(part);
      return part.type === 'finish' ? finished(part.reason) : part;
    },
  },
  messages: {
    format: messagesFormat,
    carried(part) {
      if (part.type === 'refusal') return { type: 'text', text: part.text };
      if (part.type === 'citation') {
        const { url, title } = part.citation;
        return { type: 'citation', citation: { url, title } };
      }
      if (part.type === 'usage') {
        return counted(part, ({ cachedInput = 0, cacheWrite = 0, ...usage }) => ({
          ...usage,
          cachedInput,
          cacheWrite,
        }));
      }
      if (part.type === 'finish' && part.reason === 'content_filter') return { type: 'finish', reason: 'refusal' };
      return part;
    },
  },
};

export const formatOf = (name: string): FormatUnderTest => FORMATS[name] as FormatUnderTest;

/** The events of one stream. */
export function written({ format }: FormatUnderTest, parts: readonly StreamPart[]): string {
  const writer = format.writer(HEAD);
  return [writer.begin(), ...parts.map((part) => writer.write(part))].join('');
}

export const writtenWhole = ({ format }: FormatUnderTest, parts: readonly StreamPart[]): object =>
  format.writeAnswer(HEAD, parts);
