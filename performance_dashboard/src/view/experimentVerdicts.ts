import type { LoadReport } from '../api.ts';
import { runCounts } from './runVerdict.ts';

/** Result of one side of the comparison. */
export interface Side {
  streamed: number;
  refused: number;
  /** Cut or failed. */
  broken: number;
  /** Streams by instance, in the order given. */
  instances: { id: string; streamed: number }[];
}

export function sideOf(report: LoadReport, known: readonly string[]): Side {
  const counts = runCounts(report);
  return {
    streamed: counts.completed,
    refused: counts.refused429 + counts.refused503,
    broken: counts.truncated + counts.failed + counts.failed502,
    instances: known.map((id) => ({ id, streamed: report.instances[id]?.ok ?? 0 })),
  };
}

/** Concurrent streams that one user may have, per instance or in all. */
export interface UserLimit {
  slots: number;
  scope: 'instance' | 'cluster';
}

/** For one instance: the user's slots in words, and the number of slots to draw. */
export function slotsAt(taken: number, { slots, scope }: UserLimit): { words: string; places: number } {
  // With a limit over all instances, free slots belong to no single instance.
  if (scope === 'cluster') return { words: taken === 0 ? 'idle' : `${taken} in use`, places: taken };
  return { words: taken === 0 ? `idle, ${slots} free` : `${taken} of ${slots} in use`, places: Math.max(slots, taken) };
}

/** The result of the comparison in words. */
export function comparisonVerdict(
  balanced: Side,
  single: Side,
  total: number,
  { slots, scope }: UserLimit,
): { tone: 'good' | 'warn'; text: string } {
  if (balanced.broken + single.broken > 0) {
    const broken = balanced.broken + single.broken;
    const text = `${broken} ${broken === 1 ? 'stream' : 'streams'} broke off or failed. Fix the path, then run the comparison again.`;
    return { tone: 'warn', text };
  }
  if (scope === 'cluster') {
    const counts = `${balanced.streamed} and ${single.streamed} of ${total} streamed`;
    const text = `${counts}. The limit of ${slots} streams per user applies to all instances together, so it is the same on both sides. To see the guide’s result, start the stack with --pool-scope instance: the limit then applies to each instance.`;
    return { tone: 'warn', text };
  }
  const used = (side: Side) => side.instances.filter(({ streamed }) => streamed > 0).length;
  if (balanced.streamed <= single.streamed) {
    const text = `The balancer made no difference: ${balanced.streamed} and ${single.streamed} of ${total} streamed. Check that more than one instance is running.`;
    return { tone: 'warn', text };
  }
  const times = single.streamed > 0 ? balanced.streamed / single.streamed : null;
  const factor = times === null || times !== Math.round(times) ? '' : ` That is ${times} times as many.`;
  const text = `The same ${total} requests: ${balanced.streamed} streamed over ${used(balanced)} instances, ${single.streamed} on one instance.${factor} Each instance has the same limit.`;
  return { tone: 'good', text };
}

/** One stream of the failover drill. */
export interface DrillStream {
  index: number;
  /** Tokens by the instance that sent them, in order. */
  parts: { instance: string; tokens: number }[];
  /** Number of owners so far; 0 before the first event. */
  epoch: number;
  /** Gaps in which it moved to another instance, in milliseconds. */
  gapsMs: number[];
  state: 'opening' | 'streaming' | 'interrupted' | 'whole' | 'broken';
  /** Whether the text has the checksum of `complete`. */
  checksum: boolean | null;
  /** Why it broke off. */
  reason: string | null;
}

export const tokensOf = ({ parts }: DrillStream): number => parts.reduce((sum, { tokens }) => sum + tokens, 0);

export interface DrillVerdict {
  tone: 'good' | 'bad' | 'warn';
  title: string;
  text: string;
}

/** The result of the drill in words. @param expected tokens of each answer */
export function drillVerdict(streams: readonly DrillStream[], expected: number, killed: string | null): DrillVerdict {
  const unstarted = streams.filter((stream) => stream.state === 'broken' && tokensOf(stream) === 0);
  // The kill waits until every stream has begun, so a stream that never began lost nothing.
  if (killed === null && unstarted.length > 0) {
    const text = `No instance was killed: ${unstarted.length} of ${streams.length} streams did not start. ${firstReason(unstarted)} Fix that, then start the drill again. The Doctor screen checks the whole path.`;
    return { tone: 'warn', title: 'The drill could not run', text };
  }
  const whole = streams.filter(({ state, checksum }) => state === 'whole' && checksum === true).length;
  const lost = streams.reduce((sum, stream) => sum + Math.max(0, expected - tokensOf(stream)), 0);
  const extra = streams.reduce((sum, stream) => sum + Math.max(0, tokensOf(stream) - expected), 0);
  const moved = streams.filter(({ gapsMs }) => gapsMs.length > 0);
  const largest = Math.round(Math.max(0, ...moved.flatMap(({ gapsMs }) => gapsMs)));
  const gone = killed ? `${killed} was killed` : 'No instance was killed';
  if (whole < streams.length || lost > 0) {
    const text = `${gone}. ${streams.length - whole} of ${streams.length} streams did not complete. ${firstReason(streams)}`;
    return {
      tone: 'bad',
      title: lost === 0 ? 'Streams broke off' : `${lost} ${lost === 1 ? 'token' : 'tokens'} lost`,
      text,
    };
  }
  const again = extra === 0 ? '' : ` ${extra} tokens arrived twice.`;
  if (killed === null || moved.length === 0) {
    const text = `${gone}${killed === null ? '' : ', but none of the streams was running there'}.${again}`;
    return { tone: 'warn', title: '0 tokens lost', text };
  }
  const text = `${gone}. ${moved.length} of ${streams.length} streams continued on other instances, after at most ${largest} ms. Every checksum is correct.${again}`;
  return { tone: extra === 0 ? 'good' : 'bad', title: '0 tokens lost', text };
}

function firstReason(streams: readonly DrillStream[]): string {
  const reason = streams.find((stream) => stream.reason)?.reason;
  return reason ? `First reason: ${reason.replace(/\.?$/, '.')}` : '';
}
