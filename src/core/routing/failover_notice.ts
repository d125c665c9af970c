import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { SpanTarget } from '../observe/stream_span.ts';

interface Opening {
  /** Who is asked now, or has answered. */
  readonly target: SpanTarget;
  readonly answer: Promise<unknown>;
}

/** Tells a client whose status has left already that somebody else answers, before the first content does. */
export function onFailover(opening: Opening, tell: (notice: NoticeEvent) => void): void {
  const named = opening.target;
  const look = () => {
    const { provider, model } = opening.target;
    if (opening.target === named) return;
    tell({
      kind: 'failed_over',
      message: `${named.provider} failed before it said anything; ${provider} answers, as ${model}.`,
    });
  };
  opening.answer.then(look, () => {});
}
