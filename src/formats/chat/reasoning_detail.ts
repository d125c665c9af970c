import { type JsonObject, parseObject, textOf } from '../json_object.ts';
import { DETAIL_PROVIDER } from '../reasoning_seal.ts';
import type { ReasoningSeal } from '../stream_part.ts';

/** By the type of an entry, what it seals. */
const KINDS: Readonly<Record<string, ReasoningSeal['kind']>> = {
  'reasoning.text': 'signature',
  'reasoning.encrypted': 'encrypted',
  'reasoning.redacted': 'redacted',
};

/** What one entry of OpenRouter's `reasoning_details` says. Its server wants the other fields of a sealed one back, too. */
export function readReasoningDetail(entry: JsonObject): { text: string; seal: ReasoningSeal | undefined } {
  const { text, summary, [DETAIL_PROVIDER]: provider, ...rest } = entry;
  const seal = sealOf(rest);
  const owned = seal && typeof provider === 'string' ? { ...seal, provider } : seal;
  return { text: textOf(text) || textOf(summary), seal: owned };
}

function sealOf(entry: JsonObject): ReasoningSeal | undefined {
  const { type, signature, data, id, ...more } = entry;
  const sealed = textOf(signature) || textOf(data);
  if (sealed === '') return undefined;
  const kind = Object.hasOwn(KINDS, textOf(type)) ? KINDS[textOf(type)] : undefined;
  if (kind === undefined || Object.keys(more).length > 0) return { kind: 'detail', data: JSON.stringify(entry) };
  return { kind, data: sealed, ...(typeof id === 'string' ? { id } : {}) };
}

/**
 * The entries for a block of reasoning that a seal ends.
 * @param text of the whole block: many clients keep only the entry that came last, and give back no other
 */
export function reasoningDetails({ kind, data, id, provider }: ReasoningSeal, text: string): JsonObject[] {
  const owned = provider === undefined ? {} : { [DETAIL_PROVIDER]: provider };
  if (kind === 'detail') {
    const entry: JsonObject = { ...(parseObject(data) ?? { type: 'reasoning.encrypted', data }), ...owned };
    return entry.type === 'reasoning.text' ? [withText(entry, text)] : [...summaryOf(text), entry];
  }
  const named = { ...(id === undefined ? {} : { id }), ...owned };
  if (kind === 'signature') return [withText({ type: 'reasoning.text', signature: data, ...named }, text)];
  return [...summaryOf(text), { type: `reasoning.${kind}`, data, ...named }];
}

function withText({ type, ...entry }: JsonObject, text: string): JsonObject {
  return text === '' ? { type, ...entry } : { type, text, ...entry };
}

function summaryOf(summary: string): JsonObject[] {
  return summary === '' ? [] : [{ type: 'reasoning.summary', summary }];
}
