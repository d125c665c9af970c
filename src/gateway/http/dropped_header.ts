import type { SpanTarget } from '../../core/observe/stream_span.ts';
import type { SelectedRoute } from '../../core/routing/selected_route.ts';
import type { UpstreamRequest } from '../../core/upstream/upstream.ts';

/** Names the fields of a request that its provider's format has no place for, and that change no answer. */
export const DROPPED = 'X-Weir-Dropped';

const MAX_LENGTH = 1_000;

/** @param target that answers, or is asked now */
export function droppedHeader(
  { targets }: SelectedRoute,
  request: UpstreamRequest,
  { provider, model }: SpanTarget,
): Record<string, string> {
  const target = targets.find((each) => each.provider === provider && each.model === model);
  const names = target ? droppedBy(target.upstream.prepare.bind(target.upstream, request, model)) : [];
  if (names.length === 0) return {};
  // They are the client's words.
  const safe = names.map((name) => name.replace(/[^\x21-\x2b\x2d-\x7e]/g, '?')).join(', ');
  return { [DROPPED]: safe.length > MAX_LENGTH ? `${safe.slice(0, MAX_LENGTH)}...` : safe };
}

/** Of a kept answer whose request has been let go, nothing is known. */
function droppedBy(prepare: () => readonly string[]): readonly string[] {
  try {
    return prepare();
  } catch {
    return [];
  }
}
