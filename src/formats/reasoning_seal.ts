import type { ReasoningSeal } from './stream_part.ts';

/** Marks a seal that did not come in the client's own format, so that it finds its way back to the provider that made it. */
const MARKED = /^weir:(signature|redacted|encrypted|detail):([^:@]*)(?:@([^:]*))?:(.*)$/s;

/** Member of an entry of `reasoning_details` that names its provider: chat's mark. */
export const DETAIL_PROVIDER = 'weir_provider';

/** Finds marked seals in the JSON of a request. */
export const MARKED_IN_JSON = /"weir:(signature|redacted|encrypted|detail):|"weir_provider"/;

/**
 * @param native the kind that needs no mark here: the one that the format's own providers give
 * @returns the text that stands in the format's field
 */
export function sealText(
  { kind, data, id, provider }: ReasoningSeal,
  native: ReasoningSeal['kind'] | undefined,
): string {
  if (kind === native && provider === undefined) return data;
  return `weir:${kind}:${encoded(id ?? '')}${provider === undefined ? '' : `@${encoded(provider)}`}:${data}`;
}

/** The other way; the text may come from a client, and then says nothing that is trusted. */
export function readSeal(text: string, native: ReasoningSeal['kind']): ReasoningSeal {
  const [, kind, id = '', provider, data = ''] = MARKED.exec(text) ?? [];
  if (kind === undefined) return { kind: native, data: text };
  return {
    kind: kind as ReasoningSeal['kind'],
    data,
    ...(id === '' ? {} : { id: decoded(id) }),
    ...(provider === undefined ? {} : { provider: decoded(provider) }),
  };
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
