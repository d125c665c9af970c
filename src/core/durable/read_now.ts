import { WeirError } from '../../formats/error_code.ts';
import { SseDecoder } from '../../formats/sse/sse_decoder.ts';
import type { DurableCore } from './durable_core.ts';
import { type Caller, type Located, locateResumable, lookAgain, ownerSilent } from './locate_resumable.ts';
import type { ResumableSource } from './log_subscriber.ts';

/** An owner that dies while it is read is asked again, or taken over. */
const TRIES = 5;
const WISH = { withIds: false, now: true };

/**
 * The events of a stream so far, from its first one on, wherever it runs; it is not waited for more.
 * @returns the data of each
 * @throws WeirError as {@link locateResumable}
 */
export async function readNow(core: DurableCore, threadId: string, caller: Caller): Promise<string[]> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const located = await locateResumable(core, threadId, caller, undefined, WISH);
    const events = await eventsOf(located).catch(() => undefined);
    if (events) return events;
    await lookAgain(tries);
  }
  throw ownerSilent();
}

async function eventsOf(located: Located): Promise<string[]> {
  const decoder = new SseDecoder();
  if (located.kind === 'source') decoder.push(Buffer.from(framesNow(located.source)));
  else if (located.kind === 'peer') for await (const bytes of located.frames) decoder.push(bytes);
  else throw new WeirError('internal_error');
  const events: string[] = [];
  for (let event = decoder.next(); event; event = decoder.next()) events.push(event.data);
  return events;
}

/** All that readers may have now, as one text. */
export function framesNow({ frames, contents, committed, over, terminal }: ResumableSource): string {
  let text = frames.head();
  for (let seq = 1; seq <= committed; seq += 1) text += frames.frame(contents, seq, WISH);
  return over ? text + frames.terminal(terminal as string, committed + 1, 0, WISH) : text;
}
