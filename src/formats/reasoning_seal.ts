import type { ReasoningSeal } from './stream_part.ts';

/** Marks what another format's provider sealed, so that it finds its way back to that provider. */
const FOREIGN = /^weir:(signature|redacted|encrypted|detail):([^:]*):(.*)$/s;

/**
 * @param native the kind that needs no mark here: the one that the format's own providers give
 * @returns the text that stands in the format's field
 */
export function sealText({ kind, data, id }: ReasoningSeal, native: ReasoningSeal['kind'] | undefined): string {
  return kind === native ? data : `weir:${kind}:${encodeURIComponent((id ?? '').toWellFormed())}:${data}`;
}

/** The other way; the text may come from a client, and then says nothing that is trusted. */
export function readSeal(text: string, native: ReasoningSeal['kind']): ReasoningSeal {
  const [, kind, id = '', data = ''] = FOREIGN.exec(text) ?? [];
  if (kind === undefined) return { kind: native, data: text };
  return { kind: kind as ReasoningSeal['kind'], data, ...(id === '' ? {} : { id: decoded(id) }) };
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
