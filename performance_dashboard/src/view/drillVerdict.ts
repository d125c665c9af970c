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
