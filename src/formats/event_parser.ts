import type { ReportedUsage } from './reported_usage.ts';
import type { AnswerPart } from './stream_part.ts';

/**
 * What an event means to a relay: a `piece` of the answer, a sign that it has `begun` before its first piece, its proper
 * `end`, the provider's own `error` (both are the last event of a stream), or `none` of these. `broken` is no event of
 * its format: the stream ends before it.
 */
export type Sight = 'none' | 'begun' | 'piece' | 'end' | 'error' | 'broken';

/** Reads one stream's events in one format, and only as far as a relay of bytes must know them. One for each stream. */
export interface EventParser {
  /** @param data of one event, one character a byte */
  read(data: string): Sight;
  /** Whether the answer is whole if the bytes end here, without an event that says so. */
  readonly complete: boolean;
  /** Why it ended, in the provider's own word; of several choices the first that did. */
  readonly finishReason: string | undefined;
  /** As the provider reported it. */
  readonly usage: ReportedUsage | undefined;
}

/** Takes what the events of a stream say, where somebody asks for more than their bytes. */
export interface PartSink {
  /** Never empty. */
  text(text: string): void;
  part(part: AnswerPart): void;
  /** The answer has begun with something that was not asked for, such as reasoning. */
  begun(): void;
  /** @param bytes UTF-8, one character a byte */
  decode(bytes: string): string;
}

/** Reads the same events into parts. */
export interface PartParser extends Omit<EventParser, 'read'> {
  /** @param data of one event, one character a byte; what it says goes to `sink`, in order */
  readParts(data: string, sink: PartSink): Sight;
}
