import type { Dialect } from '../../core/passthrough/handle_passthrough.ts';
import { anthropicError } from '../../protocol/anthropic_error.ts';
import { chatError } from '../../protocol/chat_frames.ts';
import { openAiError } from '../../protocol/openai_error.ts';
import { HEARTBEAT } from '../../protocol/weir_encoder.ts';

/** Chat completions: an `error` where a chunk would be. */
export const chatDialect: Dialect = {
  heartbeat: HEARTBEAT,
  error: (error) => bytesOf(chatError(error)),
};

/** OpenAI's responses: its fields stand beside the type; some clients look for them in `error`, so both are there. */
export const responsesDialect: Dialect = {
  heartbeat: HEARTBEAT,
  error: (refusal) => {
    const { error } = openAiError(refusal);
    const { message, code, param } = error;
    return named({ type: 'error', message, code, param, sequence_number: 0, error });
  },
};

/** Anthropic's messages. */
export const messagesDialect: Dialect = {
  heartbeat: HEARTBEAT,
  error: (error) => named({ ...anthropicError(error) }),
};

function named(data: { type: 'error' } & Record<string, unknown>): string {
  return bytesOf(`event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** UTF-8, one character a byte. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}
