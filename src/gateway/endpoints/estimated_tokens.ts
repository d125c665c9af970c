import type { MessagePart } from '../../formats/generation_request.ts';
import type { JsonObject } from '../../formats/json_object.ts';
import { messagesFormat } from '../../formats/messages/messages_format.ts';

/** As is the habit for English, and not far from it elsewhere. */
const BYTES_PER_TOKEN = 4;
/** The most that Anthropic counts for an image without asking for more of it; a file's page costs about the same. */
const TOKENS_PER_IMAGE = 1_600;
/** Role and borders of a message. */
const TOKENS_PER_MESSAGE = 4;

/**
 * Tokens of one of Anthropic's requests, for upstreams that count none.
 * @throws WeirError validation_error
 */
export function estimatedTokens(body: JsonObject): number {
  const { messages, tools, output } = messagesFormat.readRequest({ max_tokens: 1, ...body });
  const said = messages.reduce((sum, { parts }) => sum + TOKENS_PER_MESSAGE + tokensOf(parts), 0);
  const asked = [...tools, ...(output ? [output] : [])];
  return Math.ceil(said + asked.reduce((sum, each) => sum + tokensOfText(JSON.stringify(each)), 0));
}

function tokensOf(parts: readonly MessagePart[]): number {
  return parts.reduce((sum, part) => sum + tokensOfPart(part), 0);
}

function tokensOfPart(part: MessagePart): number {
  switch (part.type) {
    case 'image':
      return TOKENS_PER_IMAGE;
    case 'file':
      return part.text === undefined ? TOKENS_PER_IMAGE : tokensOfText(part.text);
    case 'tool_result':
      return TOKENS_PER_MESSAGE + tokensOf(part.parts);
    case 'tool_call':
      return TOKENS_PER_MESSAGE + tokensOfText(part.name + part.json);
    case 'text':
    case 'reasoning':
    case 'refusal':
      return tokensOfText(part.text);
    case 'reasoning_seal':
      return 0;
    case 'opaque':
      return tokensOfText(JSON.stringify(part.value));
  }
}

function tokensOfText(text: string): number {
  return Buffer.byteLength(text) / BYTES_PER_TOKEN;
}
