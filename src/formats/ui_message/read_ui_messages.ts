import { z } from 'zod';
import { argumentsJson } from '../custom_tool.ts';
import type { FileOwner, Message, MessagePart } from '../generation_request.ts';
import { type JsonObject, listOf, objectOf, textOf } from '../json_object.ts';
import { listed } from '../request_fields.ts';
import { uiMessageSeal } from './ui_message_reader.ts';

const part = z.looseObject({ type: z.string() }).refine(isReachable, {
  path: ['url'],
  message: 'must be an http:, https: or data: address',
});

export const uiMessage = z.looseObject({
  id: z.string().nullish(),
  role: z.enum(['system', 'user', 'assistant']),
  parts: listed(part, 10_000),
});
type UiMessage = z.output<typeof uiMessage>;

/**
 * What the AI SDK's `convertToModelMessages` makes of a UI message, but for what the SDK refuses: a tool call without a
 * result is left out, as it stays behind where a client was stopped. Parts that only a page shows are left out too.
 * @param at path of the message in the body
 */
export function readUiMessage({ role, parts }: UiMessage, at: string): Message[] {
  const messages: Message[] = [];
  let said: MessagePart[] = [];
  let results: MessagePart[] = [];
  const endStep = () => {
    if (said.length > 0) messages.push({ role, parts: said });
    if (results.length > 0) messages.push({ role: 'tool', parts: results });
    said = [];
    results = [];
  };
  for (const [index, part] of parts.entries()) {
    const path = `${at}.parts.${index}`;
    if (part.type === 'step-start') endStep();
    else if (part.type === 'steering-message') {
      endStep();
      const steering = listOf(part.parts).flatMap((each, place) => saidPart(objectOf(each), `${path}.parts.${place}`));
      if (steering.length > 0) messages.push({ role: 'user', parts: steering });
    } else if (isTool(part.type)) {
      const result = resultOf(part);
      if (!result) continue;
      said.push(callOf(part));
      results.push(result);
    } else said.push(...saidPart(part, path));
  }
  endStep();
  return messages;
}

function isTool(type: string): boolean {
  return type === 'dynamic-tool' || type.startsWith('tool-');
}

function saidPart(part: JsonObject | undefined, at: string): MessagePart[] {
  switch (part?.type) {
    case 'text':
      return textOf(part.text) === '' ? [] : [{ type: 'text', text: textOf(part.text) }];
    case 'reasoning': {
      const text = textOf(part.text);
      return [...(text === '' ? [] : [{ type: 'reasoning', text } as const]), ...uiMessageSeal(part.providerMetadata)];
    }
    case 'file':
      return [fileOf(part, at)];
    default:
      return [];
  }
}

/** Whose id of a file it is, in the order in which one is chosen. */
const OWNERS: readonly FileOwner[] = ['openai', 'anthropic'];

function ownerOf(part: JsonObject): FileOwner | undefined {
  const reference = objectOf(part.providerReference);
  return OWNERS.find((each) => typeof reference?.[each] === 'string');
}

/** A page's own address of a file means nothing to a provider. */
function isReachable(part: JsonObject): boolean {
  return part.type !== 'file' || ownerOf(part) !== undefined || /^(https?|data):/i.test(textOf(part.url));
}

/** @param part `{mediaType, url, filename?, providerReference?}` */
function fileOf(part: JsonObject, at: string): MessagePart {
  const owner = ownerOf(part);
  const place = owner ? { id: textOf(objectOf(part.providerReference)?.[owner]), owner } : { url: textOf(part.url) };
  if (/^image(\/|$)/.test(textOf(part.mediaType))) return { type: 'image', at, ...place };
  const name = textOf(part.filename);
  return { type: 'file', at, ...place, ...(name === '' ? {} : { name }) };
}

function callOf({ type, toolName, toolCallId, input, rawInput }: JsonObject): MessagePart {
  const name = type === 'dynamic-tool' ? textOf(toolName) : textOf(type).slice('tool-'.length);
  const asked = input ?? rawInput;
  // Where the model wrote no JSON, its own words stand for it.
  const json = typeof asked === 'string' ? asked : argumentsJson(asked);
  return { type: 'tool_call', id: textOf(toolCallId), name, json };
}

/** @returns undefined where it has none yet */
function resultOf({ state, toolCallId, output, errorText, approval }: JsonObject): MessagePart | undefined {
  const id = textOf(toolCallId);
  const result = (text: string, failed: boolean): MessagePart => ({
    type: 'tool_result',
    id,
    parts: text === '' ? [] : [{ type: 'text', text }],
    failed,
  });
  if (state === 'output-available') return result(typeof output === 'string' ? output : jsonOf(output), false);
  if (state === 'output-error') return result(textOf(errorText), true);
  const { approved, reason } = objectOf(approval) ?? {};
  const isDenied = state === 'output-denied' || (state === 'approval-responded' && approved === false);
  return isDenied ? result(textOf(reason) || 'The user did not allow this call.', true) : undefined;
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value ?? null);
}
