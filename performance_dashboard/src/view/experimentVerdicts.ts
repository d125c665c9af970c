import type { LoadReport } from '../api.ts';
import { runCounts } from './runVerdict.ts';

/** What one side of the comparison came to. */
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

/** What one user may have at once, and where that counts. */
export interface UserLimit {
  slots: number;
  scope: 'instance' | 'cluster';
}

/** Of one instance: how much of the user's slots it holds, and how many places to draw. */
export function slotsAt(taken: number, { slots, scope }: UserLimit): { words: string; places: number } {
  // The slots are not any one instance's: what is free is free everywhere.
  if (scope === 'cluster') return { words: taken === 0 ? 'idle' : `${taken} taken`, places: taken };
  return { words: taken === 0 ? `idle, ${slots} free` : `${taken} of ${slots} taken`, places: Math.max(slots, taken) };
}

/** Both sides in few sentences. */
export function comparisonVerdict(
  balanced: Side,
  single: Side,
  total: number,
  { slots, scope }: UserLimit,
): { tone: 'good' | 'warn'; text: string } {
  if (balanced.broken + single.broken > 0) {
    const text = `${balanced.broken + single.broken} of the streams broke off or failed: run it again when the path is whole.`;
    return { tone: 'warn', text };
  }
  if (scope === 'cluster') {
    const counts = `${balanced.streamed} and ${single.streamed} of ${total} streamed`;
    const text = `${counts}. The limit of ${slots} streams per user holds over all instances together, so that both sides have the same room. A stack started with --pool-scope instance, where each counts for itself, shows the guide’s experiment.`;
    return { tone: 'warn', text };
  }
  const used = (side: Side) => side.instances.filter(({ streamed }) => streamed > 0).length;
  if (balanced.streamed <= single.streamed) {
    const text = `The balancer made no difference here: ${balanced.streamed} against ${single.streamed} of ${total}. Does more than one instance run?`;
    return { tone: 'warn', text };
  }
  const times = single.streamed > 0 ? balanced.streamed / single.streamed : null;
  const factor = times === null ? '' : times === Math.round(times) ? `${times} times as many, ` : '';
  const text = `The same ${total} requests: ${balanced.streamed} streamed over ${used(balanced)} instances, ${single.streamed} at one alone. ${factor && `That is ${factor}`}with the same limit on each instance.`;
  return { tone: 'good', text };
}

/** One stream of the failover drill. */
export interface DrillStream {
  index: number;
  /** Tokens by the instance that sent them, in their order. */
  parts: { instance: string; tokens: number }[];
  /** Owners so far; 0 before the first event. */
  epoch: number;
  /** Gaps over which it went on elsewhere, in milliseconds. */
  gapsMs: number[];
  state: 'opening' | 'streaming' | 'interrupted' | 'whole' | 'broken';
  /** Whether the text is the one that `complete` names by its checksum. */
  checksum: boolean | null;
  /** Why it is broken. */
  reason: string | null;
}

export const tokensOf = ({ parts }: DrillStream): number => parts.reduce((sum, { tokens }) => sum + tokens, 0);

export interface DrillVerdict {
  tone: 'good' | 'bad' | 'warn';
  title: string;
  text: string;
}

/** What the drill showed. `expected`: tokens of each answer. */
export function drillVerdict(streams: readonly DrillStream[], expected: number, killed: string | null): DrillVerdict {
  const unstarted = streams.filter((stream) => stream.state === 'broken' && tokensOf(stream) === 0);
  // Nothing is killed before every stream is in mid-answer: what never began is no loss.
  if (killed === null && unstarted.length > 0) {
    const text = `No instance was killed: ${unstarted.length} of ${streams.length} streams did not start. ${firstReason(unstarted)} When that is mended, start the drill again; the Doctor checks the whole path.`;
    return { tone: 'warn', title: 'The drill could not run', text };
  }
  const whole = streams.filter(({ state, checksum }) => state === 'whole' && checksum === true).length;
  const lost = streams.reduce((sum, stream) => sum + Math.max(0, expected - tokensOf(stream)), 0);
  const extra = streams.reduce((sum, stream) => sum + Math.max(0, tokensOf(stream) - expected), 0);
  const moved = streams.filter(({ gapsMs }) => gapsMs.length > 0);
  const largest = Math.round(Math.max(0, ...moved.flatMap(({ gapsMs }) => gapsMs)));
  const gone = killed ? `${killed} was killed` : 'No instance was killed';
  if (whole < streams.length || lost > 0) {
    const text = `${gone}; ${streams.length - whole} of ${streams.length} streams did not come whole. ${firstReason(streams)}`;
    return {
      tone: 'bad',
      title: lost === 0 ? 'Streams broke' : `${lost} ${lost === 1 ? 'token' : 'tokens'} lost`,
      text,
    };
  }
  const again = extra === 0 ? '' : ` ${extra} tokens came twice.`;
  if (killed === null || moved.length === 0) {
    const text = `${gone}, and no stream had to move: it sent none of them, or they were over before.${again}`;
    return { tone: 'warn', title: '0 tokens lost', text };
  }
  const text = `${gone} in mid-answer. ${moved.length} of ${streams.length} streams went on at other instances, after ${largest} ms at most; every checksum is right.${again}`;
  return { tone: extra === 0 ? 'good' : 'bad', title: '0 tokens lost', text };
}

function firstReason(streams: readonly DrillStream[]): string {
  const reason = streams.find((stream) => stream.reason)?.reason;
  return reason ? `First reason: ${reason.replace(/\.?$/, '.')}` : '';
}
