import type { ReportedUsage } from '../../formats/reported_usage.ts';

/**
 * What an event means to a relay that does not translate: `piece` of the answer, a sign that it has `begun`
 * before its first piece, its proper `end`, the provider's own
 * `error` (both are the last event of a stream), or `none` of these. `broken` is no event of its protocol: the stream
 * ends before it.
 */
export type Sight = 'none' | 'begun' | 'piece' | 'end' | 'error' | 'broken';

/** Reads one stream's events in one protocol, and only as far as a relay must know them. One for each stream. */
export interface EventReader {
  /** @param data of one event, one character a byte */
  read(data: string): Sight;
  /** Whether the answer is whole if the bytes end here, without an event that says so. */
  readonly complete: boolean;
  /** Why it ended, in the provider's own word; of several choices the first that did. */
  readonly finishReason: string | undefined;
  /** As the provider reported it. */
  readonly usage: ReportedUsage | undefined;
}
