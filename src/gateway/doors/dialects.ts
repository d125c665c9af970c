import type { Dialect } from '../../core/passthrough/handle_passthrough.ts';
import type { Format } from '../../formats/format.ts';
import { HEARTBEAT } from '../../formats/weir/weir_encoder.ts';

const NO_HEAD = { id: '', created: 0, model: '', body: {} };

/** What Weir itself says in a stream that is passed on: its heartbeats, and errors in the client's format. */
export function dialectOf(format: Format): Dialect {
  return {
    heartbeat: HEARTBEAT,
    // UTF-8, one character a byte.
    error: (error) => Buffer.from(format.writer(NO_HEAD).write({ type: 'error', error })).toString('latin1'),
  };
}
