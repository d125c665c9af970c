import { chatFormat } from '../../formats/chat/chat_format.ts';
import { asWeirError, WeirError } from '../../formats/error_code.ts';
import type { EventParser } from '../../formats/event_parser.ts';
import { objectOf, parseObject } from '../../formats/json_object.ts';
import { messagesFormat } from '../../formats/messages/messages_format.ts';
import { responsesFormat } from '../../formats/responses/responses_format.ts';
import { type FinishReason, isWhole } from '../../formats/stream_part.ts';
import { isEventStream } from '../upstream/check_head.ts';
import { EventScanner } from '../upstream/event_scanner.ts';
import type { Answer, AnswerEnd, ByteAnswer, ByteConsumer } from '../upstream/upstream.ts';
import type { SharedAnswer, SharedAnswerReader } from './shared_answer.ts';

/** What the readers of an answer know before its first piece; null for an answer in parts. Plain JSON. */
export type KeptHead = Pick<ByteAnswer, 'status' | 'headers' | 'contentType'> | null;

/** How it ended; `other` where that was no proper end. Plain JSON. */
export type KeptEnd = AnswerEnd;

const NO_END: KeptEnd = { finish: 'other', finishReason: null };

type Shared = SharedAnswer<KeptEnd>;

/** Gives an answer's pieces, and its end, to a shared. @param parser makes one for a stream of bytes */
export function feedAnswer(answer: Answer, shared: Shared, parser: (() => EventParser) | undefined): KeptHead {
  shared.fedBy(() => answer.resume());
  if (answer.kind === 'parts') {
    answer.start({
      text: (text) => shared.push(text),
      part: (part) => shared.push(part),
      end: (end) => shared.settle({ ok: true, end }),
      fail: (error) => shared.settle({ ok: false, error }),
    });
    return null;
  }
  const { status, headers, contentType } = answer;
  const streamed = parser && isEventStream(contentType);
  answer.start(streamed ? eventsInto(shared, answer, parser()) : wholeInto(shared));
  return { status, headers, contentType };
}

/** What one request reads. */
export function readAnswer(head: KeptHead, reader: SharedAnswerReader<KeptEnd>): Answer {
  if (head === null) {
    return {
      kind: 'parts',
      start: (consumer) =>
        reader.start({
          piece: (piece) => (typeof piece === 'string' ? consumer.text(piece) : consumer.part(piece)),
          end: (end) => consumer.end(end),
          fail: (error) => consumer.fail(error),
        }),
      resume: () => reader.resume(),
    };
  }
  return {
    kind: 'bytes',
    ...head,
    start: (consumer) =>
      reader.start({
        piece: (piece) => consumer.bytes(piece as string),
        end: () => consumer.end(),
        fail: (error) => consumer.fail(error),
      }),
    resume: () => reader.resume(),
    finish: () => reader.close(),
  };
}

/** Whether an answer that ended like this can be given again. */
export function isKeepable({ finish }: KeptEnd): boolean {
  return isWhole(finish);
}

/** Looks for the end, as each request that reads the bytes does for itself. */
function eventsInto(shared: Shared, answer: ByteAnswer, parser: EventParser): ByteConsumer {
  const scanner = new EventScanner(parser);
  const fail = (error: WeirError) => shared.settle({ ok: false, error });
  const end = (isProper: boolean, last?: string) => {
    shared.settle({ ok: true, end: isProper ? { finish: parser.finish, finishReason: null } : NO_END }, last);
  };
  return {
    bytes: (bytes) => {
      try {
        scanner.push(bytes);
      } catch (error) {
        fail(asWeirError(error));
        return false;
      }
      if (scanner.terminal === undefined) return shared.push(bytes);
      if (scanner.terminal === 'broken') {
        // Its readers see that too, after what was said before it.
        shared.settle({ ok: false, error: new WeirError('upstream_protocol') }, bytes);
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

function wholeInto(shared: Shared): ByteConsumer {
  let body = '';
  return {
    bytes: (bytes) => {
      body += bytes;
      return shared.push(bytes);
    },
    end: () => shared.settle({ ok: true, end: { finish: finishOf(body), finishReason: null } }),
    fail: (error) => shared.settle({ ok: false, error }),
  };
}

/**
 * Why a whole answer ended, in any of the formats; `other` where that is not known, or it is an error. Of several
 * choices one that is not whole, if there is one.
 */
function finishOf(body: string): FinishReason {
  const answer = parseObject(body);
  if (answer === undefined || answer.error) return 'other';
  // Embeddings have no reason to end.
  if (answer.object === 'list') return 'stop';
  if (answer.stop_reason) return messagesFormat.finishOf(answer.stop_reason);
  if (!Array.isArray(answer.choices)) {
    return responsesFormat.finishOf(objectOf(answer.incomplete_details)?.reason ?? answer.status);
  }
  const reasons = answer.choices.map((choice) => chatFormat.finishOf(objectOf(choice)?.finish_reason));
  return reasons.find((reason) => !isWhole(reason)) ?? reasons[0] ?? 'other';
}
