import { asWeirError, WeirError } from '../../formats/error_code.ts';
import { isObject, parseObject } from '../../formats/json_object.ts';
import type { EventReader } from '../passthrough/event_reader.ts';
import { EventScanner } from '../passthrough/event_scanner.ts';
import type { ByteConsumer, OriginAnswer } from '../passthrough/origin.ts';
import { isEventStream } from '../passthrough/passthrough.ts';
import type { Generation } from './generation.ts';
import { isWholeReason, type Medium } from './medium.ts';

type ByteHead = Pick<OriginAnswer, 'status' | 'headers' | 'contentType'>;

interface ByteEnd {
  /** Null where the answer did not come to a proper end. */
  finishReason: unknown;
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
        fail(asWeirError(error));
        return false;
      }
      if (scanner.terminal === undefined) return generation.push(bytes);
      if (scanner.terminal === 'broken') {
        // Its readers see that too, after what was said before it.
        generation.settle({ ok: false, error: new WeirError('upstream_protocol') }, bytes);
        return false;
      }
      answer.finish();
      end(scanner.terminal === 'end', bytes);
      return true;
    },
    end: () => {
      try {
        end(scanner.end() !== undefined && scanner.terminal !== 'error');
      } catch (error) {
        fail(asWeirError(error));
      }
    },
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

/**
 * Why a whole answer ended, in any of the protocols; null where that is not known, or it is an error. Of several
 * choices one that is not whole, if there is one.
 */
function reasonOf(body: string): unknown {
  const answer = parseObject(body);
  if (answer === undefined || answer.error) return null;
  // Embeddings have no reason to end.
  if (answer.object === 'list') return 'stop';
  const { choices, incomplete_details: details } = answer;
  const reasons = Array.isArray(choices)
    ? choices.map((choice) => (isObject(choice) ? choice.finish_reason : null))
    : [answer.stop_reason ?? (isObject(details) ? details.reason : undefined) ?? answer.status];
  return reasons.find((reason) => !isWholeReason(reason)) ?? reasons[0] ?? null;
}
