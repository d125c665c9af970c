import { chatFormat } from '../../../../src/formats/chat/chat_format.ts';
import type { Format, WriteTarget, WrittenRequest } from '../../../../src/formats/format.ts';
import type { JsonObject } from '../../../../src/formats/json_object.ts';
import { messagesFormat } from '../../../../src/formats/messages/messages_format.ts';
import { responsesFormat } from '../../../../src/formats/responses/responses_format.ts';

export type FormatName = 'chat' | 'responses' | 'messages';
export const FORMATS: Record<FormatName, Format> = {
  chat: chatFormat,
  responses: responsesFormat,
  messages: messagesFormat,
};
export const NAMES = Object.keys(FORMATS) as FormatName[];

/** A model of each format that takes the most. */
export const MODELS: Record<FormatName, string> = {
  chat: 'gpt-5.2',
  responses: 'gpt-5.2',
  messages: 'claude-sonnet-4-5',
};

/** The least that a request of each format has. */
export const LEAST: Record<FormatName, JsonObject> = {
  chat: { model: 'm', messages: [{ role: 'user', content: 'Hi' }] },
  responses: { model: 'm', input: 'Hi' },
  messages: { model: 'm', max_tokens: 9000, messages: [{ role: 'user', content: 'Hi' }] },
};

/** A body of one format, as it is written in another. @param to what is unlike an upstream named `other` */
export function translated(
  from: FormatName,
  more: JsonObject,
  to: FormatName,
  { provider = 'other', model = MODELS[to], stream = true, ...rest }: Partial<WriteTarget> = {},
): WrittenRequest {
  const request = FORMATS[from].readRequest({ ...LEAST[from], ...more });
  return FORMATS[to].writeRequest(request, { provider, model, stream, ...rest });
}
