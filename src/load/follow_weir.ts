import { openStream, type StreamResult } from 'weir-client';
import type { Ending, LoadUser, StreamWatcher } from './follower.ts';
import { type LoadPlan, planRequest } from './load_plan.ts';
import { outcomeOfErrorEvent } from './outcome.ts';

/** One stream of Weir's own API, fully checked. @throws what `openStream` throws */
export async function followWeir(
  plan: LoadPlan,
  { transport, headers }: LoadUser,
  signal: AbortSignal,
  watcher: StreamWatcher,
): Promise<Ending> {
  const result = await openStream(planRequest(plan), {
    baseUrl: plan.url,
    signal,
    transport,
    ...(headers ? { headers } : {}),
    // Always verified: the hash costs less than decoding the chunks.
    verify: true,
    onHead: watcher.onHead,
    onEvent: (event) => {
      if (event.type === 'complete' || event.type === 'error') watcher.onTerminal();
      if (event.type === 'chunk') watcher.onChunk(event.data.content !== '');
    },
  });
  return { ...endingOf(result), resumeGapsMs: result.reconnects.map(({ gapMs }) => gapMs) };
}

function endingOf(result: StreamResult): Ending {
  if (result.outcome === 'complete') return { outcome: 'ok', tokens: result.complete.usage.output_tokens };
  if (result.outcome !== 'error') return { outcome: result.outcome, message: result.reason };
  const { error, message } = result.error;
  return { outcome: outcomeOfErrorEvent(result.error, result.text !== ''), code: error, message };
}
