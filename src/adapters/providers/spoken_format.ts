import type { GeneratingFormat } from '../../core/upstream/upstream.ts';
import { chatFormat } from '../../formats/chat/chat_format.ts';
import type { Format } from '../../formats/format.ts';
import { messagesFormat } from '../../formats/messages/messages_format.ts';
import { responsesFormat } from '../../formats/responses/responses_format.ts';

/** Their API refuses a request that names none. */
export const ANTHROPIC_VERSION = '2023-06-01';

/** How a server is asked in one format. */
export interface SpokenFormat {
  format: Format;
  /** Below the server's base URL. */
  path: string;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
}

export const SPOKEN_FORMATS: Readonly<Record<GeneratingFormat, SpokenFormat>> = {
  chat: { format: chatFormat, path: '/chat/completions', headers: {} },
  responses: { format: responsesFormat, path: '/responses', headers: {} },
  messages: { format: messagesFormat, path: '/messages', headers: { 'anthropic-version': ANTHROPIC_VERSION } },
};
