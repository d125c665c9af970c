import { WeirError } from '../../protocol/error_code.ts';
import type { EventReader } from '../passthrough/event_reader.ts';
import { EventScanner } from '../passthrough/event_scanner.ts';
import type { ByteConsumer, OriginAnswer } from '../passthrough/origin.ts';
import { isEventStream } from '../passthrough/passthrough.ts';
import type { Generation } from './generation.ts';
import { isWholeReason, type Medium } from './medium.ts';

type ByteHead = Pick<OriginAnswer, 'status' | 'headers' | 'contentType'>;

interface ByteEnd {
  /** Null where the answer did not come to a proper end. */
  finishReason: string | null;
}

/** Answers as the provider's own bytes. @param reader makes one for a stream; undefined where none is wanted */
export function byteMedium(reader: (() => EventReader) | undefined): Medium<OriginAnswer, ByteHead, ByteEnd> {
  return {
    feed(answer, generation) {
      const { status, headers, contentType } = answer;
      generation.fedBy(() => answer.resume());
      const streamed = reader && isEventStream(contentType);
      answer.start(streamed ? eventsInto(generation, answer, reader()) : wholeInto(generation));
      return { status, headers, contentType };
    },
    read: (head, bytes) => ({
      ...head,
      start: (consumer) =>
        bytes.start({
          piece: (piece) => consumer.bytes(piece),
          end: () => consumer.end(),
          fail: (error) => consumer.fail(error),
        }),
      resume: () => bytes.resume(),
      finish: () => bytes.close(),
    }),
    keepable: ({ finishReason }) => isWholeReason(finishReason),
  };
}

/** Looks for the end, as each request that reads the bytes does for itself. */
function eventsInto(generation: Generation<ByteEnd>, answer: OriginAnswer, reader: EventReader): ByteConsumer {
  const scanner = new EventScanner(reader);
  const fail = (error: WeirError) => generation.settle({ ok: false, error });
  const end = (isProper: boolean, last?: string) => {
    const finishReason = isProper ? (reader.finishReason ?? null) : null;
    generation.settle({ ok: true, end: { finishReason } }, last);
  };
  return {
    bytes: (bytes) => {
      try {
        scanner.push(bytes);
      } catch (error) {
        fail(error instanceof WeirError ? error : new WeirError('internal_error', { cause: error }));
        return false;
      }
      if (scanner.terminal === undefined) return generation.push(bytes);
      answer.finish();
      end(scanner.terminal === 'end', bytes);
      return true;
    },
    end: () => end(scanner.end() !== undefined && scanner.terminal !== 'error'),
    fail,
  };
}

function wholeInto(generation: Generation<ByteEnd>): ByteConsumer {
  let body = '';
  return {
    bytes: (bytes) => {
      body += bytes;
      return generation.push(bytes);
    },
    end: () => generation.settle({ ok: true, end: { finishReason: reasonOf(body) } }),
    fail: (error) => generation.settle({ ok: false, error }),
  };
}

/** What is read of a whole answer, in any of the protocols. */
interface WholeAnswer {
  choices?: { finish_reason?: string | null }[];
  stop_reason?: string | null;
  status?: string;
  incomplete_details?: { reason?: string } | null;
  /** Of embeddings, which have no reason to end. */
  object?: string;
}

/** Of several choices one that is not whole, if there is one. */
function reasonOf(body: string): string | null {
  let answer: WholeAnswer;
  try {
    answer = JSON.parse(body);
  } catch {
    return null;
  }
  if (answer.object === 'list') return 'stop';
  const reasons = Array.isArray(answer.choices)
    ? answer.choices.map((choice) => choice.finish_reason)
    : [answer.stop_reason ?? answer.incomplete_details?.reason ?? answer.status];
  return reasons.find((reason) => !isWholeReason(reason)) ?? reasons[0] ?? null;
}
