import type { RouteTarget } from '../routing/selected_route.ts';
import type { DurableCore } from './durable_core.ts';
import type { ResumableRecord } from './resumable_record.ts';
import type { ResumableStream } from './resumable_stream.ts';

const RETRY_MS = 500;

/**
 * Keeps the name under which the provider runs a stream's answer. Providers wait for this before they give any text on,
 * and that order matters: text can be committed as soon as it is given on, and committed text whose run is not known can
 * only end as `producer_lost`. A run that is known and has no text yet is simply read from its start.
 *
 * A store that is away is not waited for: text then goes unlogged too, and the name is written when it is back.
 */
export function keepRun(core: DurableCore, stream: ResumableStream, run: string): Promise<void> {
  return keepUntilWritten(stream, () => {
    // A stream that moves to a new incarnation gets a new record.
    stream.record.providerRun = run;
    return core.store.setProviderRun(stream.record, run).catch(() => false);
  });
}

/** Waits for one try; where that fails, others follow for as long as the stream runs here. */
export async function keepUntilWritten(stream: ResumableStream, write: () => Promise<boolean>): Promise<void> {
  if (!(await write())) void keepLater(stream, write);
}

async function keepLater(stream: ResumableStream, write: () => Promise<boolean>): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
  while (!stream.over && !stream.gone && !(await write()));
}

/**
 * Keeps the target that is asked for a stream's answer from now on, before it is: an instance that takes the stream over
 * goes on with the provider that gave the text, and no other.
 */
export function keepTarget(
  core: DurableCore,
  stream: ResumableStream,
  { provider, model }: RouteTarget,
): Promise<void> {
  return keepUntilWritten(stream, () => {
    // A stream that moves to a new incarnation gets a new record.
    const { record } = stream;
    record.provider = provider;
    record.model = model;
    delete record.providerRun;
    return core.store.setTarget(record).catch(() => false);
  });
}

/**
 * Writes the claim of a stream's Idempotency-Key again: the store has forgotten the stream, and so its claim. A claim
 * that another request has made meanwhile stays.
 */
export async function keepClaim(core: DurableCore, { id, userId, claim }: ResumableRecord): Promise<void> {
  if (!claim) return;
  const { key, ...rest } = claim;
  await core.store.claim(userId, key, { threadId: id, ...rest });
}
