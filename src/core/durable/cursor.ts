import { WeirError } from '../../formats/error_code.ts';
import type { ResumableRecord } from './resumable_record.ts';

/** The last event that a client has. */
export interface Cursor {
  epoch: number;
  seq: number;
}

const EVENT_ID = /^(\d{1,6})\.(\d{1,9})$/;

/** @returns undefined where the client has nothing yet. @throws WeirError bad_request */
export function parseCursor(lastEventId: string | string[] | undefined): Cursor | undefined {
  if (lastEventId === undefined || lastEventId === '') return undefined;
  const match = typeof lastEventId === 'string' ? EVENT_ID.exec(lastEventId) : null;
  if (!match) throw notAnId();
  return { epoch: Number(match[1]), seq: Number(match[2]) };
}

/** `<epoch>.<seq>`: the epoch in which that number was, or will be, said. */
export function eventId({ epoch, ends }: Pick<ResumableRecord, 'epoch' | 'ends'>, seq: number): string {
  // The ends of past epochs are few, and most streams have none.
  for (let past = 0; past < ends.length; past += 1) if (seq <= (ends[past] as number)) return `${past + 1}.${seq}`;
  return `${epoch}.${seq}`;
}

/**
 * Where a client stands. `regressed`: it holds text that the log does not, so nothing that follows would fit to it.
 * @param last the last number that was said, the terminal's included
 * @throws WeirError bad_request for an epoch that has not been
 */
export function placeOf(cursor: Cursor, record: ResumableRecord, last: number): 'inside' | 'regressed' {
  if (cursor.epoch < 1 || cursor.epoch > record.epoch) throw notAnId();
  const end = cursor.epoch === record.epoch ? last : (record.ends[cursor.epoch - 1] as number);
  return cursor.seq > end ? 'regressed' : 'inside';
}

function notAnId(): WeirError {
  return new WeirError('bad_request', {
    message: 'Last-Event-ID is not an id of this stream; send the id of the last event that came, or none.',
  });
}
