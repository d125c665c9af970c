import { z } from 'zod';
import { CHAT_FIELDS, readChatRequest } from '../chat/read_chat_request.ts';
import { WeirError } from '../error_code.ts';
import type { GenerationRequest } from '../generation_request.ts';
import type { JsonObject } from '../json_object.ts';
import { checked, listed } from '../request_fields.ts';
import { readUiMessage, uiMessage } from './read_ui_messages.ts';

/** Chats that the SDK can't ask for again: URLs know these two as something else. */
const DOTS = /^\.\.?$/;
/** The names of runs begin so. */
export const RUN_PREFIX = 'run_';

/** Id of a chat, as its client made it. */
export const chatIdSchema = z
  .string()
  .min(1)
  .max(200)
  .refine((id) => !id.startsWith(RUN_PREFIX) && !DOTS.test(id), 'must not be ".", ".." or begin with run_');

const OWN_FIELDS = {
  id: chatIdSchema.nullish(),
  messages: listed(uiMessage, 10_000, 1),
  trigger: z.string().nullish(),
  messageId: z.string().nullish(),
};
const schema = z.looseObject(OWN_FIELDS);

/** Fields of chat completions that are read here too. */
const READ = new Set(Object.keys(CHAT_FIELDS).filter((name) => name !== 'messages' && name !== 'stream'));
const KNOWN = new Set([...READ, ...Object.keys(OWN_FIELDS), 'fake']);

export interface UiMessageRequest {
  /** Undefined where the client names no chat. */
  chatId: string | undefined;
  /** Of the message that the answer becomes a part of, where that is the last one. */
  messageId: string | undefined;
  generation: GenerationRequest;
}

/**
 * Everything but the messages is as on chat completions. Pages send fields of their own along: what is not read says
 * nothing to a model.
 * @param body of `POST /api/v1/chat`, with a model
 * @throws WeirError validation_error
 */
export function readUiMessageRequest(body: JsonObject): UiMessageRequest {
  const { id, messages } = checked(schema, body);
  const asked = Object.fromEntries(Object.entries(body).filter(([name]) => READ.has(name)));
  const ignored = Object.keys(body).filter((name) => !KNOWN.has(name));
  const said = messages.flatMap((message, index) => readUiMessage(message, `messages.${index}`));
  if (said.length === 0) {
    const message = 'hold nothing that a model can read';
    const fields = [{ field: 'messages', message }];
    throw new WeirError('validation_error', { message: `Not valid: messages ${message}.`, details: { fields } });
  }
  const generation = readChatRequest({ ...asked, stream: true, messages: [{ role: 'user', content: '' }] });
  const last = messages.at(-1);
  return {
    chatId: id ?? undefined,
    messageId: last?.role === 'assistant' ? (last.id ?? undefined) : undefined,
    generation: { ...generation, messages: said, ignored: [...generation.ignored, ...ignored] },
  };
}
