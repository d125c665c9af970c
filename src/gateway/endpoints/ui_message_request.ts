import type { KeptBody } from '../../core/durable/kept_request.ts';
import { ClientRequest, promptText } from '../../core/upstream/client_request.ts';
import type { UpstreamRequest } from '../../core/upstream/upstream.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { GenerationRequest } from '../../formats/generation_request.ts';
import { type JsonObject, parseObject, textOf } from '../../formats/json_object.ts';
import { PROVIDER_SILENCE_MS } from '../../formats/timing.ts';
import { RUN_PREFIX, readUiMessageRequest } from '../../formats/ui_message/read_ui_message_request.ts';
import { fakeOptionsOf, invalid, parseBody } from './endpoint_request.ts';

/** A request of `/api/v1/chat`, read. */
export interface ReadChat {
  /** Undefined where the client names no chat. */
  chatId: string | undefined;
  /** Of the message that the answer is, or becomes a part of. */
  messageId: string;
  /** A route, `provider/model`, or a model of the default provider. */
  model: string;
  /** Knobs of the fake provider. */
  fake: unknown;
  /** Of its words, in UTF-16 units. */
  promptLength: number;
  upstream: UpstreamRequest;
}

/**
 * @param run the id of the answer
 * @param defaultModel where the client names none
 * @param forgotten called when what was read is needed no longer
 * @throws WeirError invalid_json, validation_error
 */
export function readChat(bytes: Buffer, run: string, defaultModel: string | undefined, forgotten = () => {}): ReadChat {
  const { fake, model: named, ...body } = parseBody(bytes);
  const model = named ?? defaultModel;
  if (model === undefined) throw invalid('model', 'must be given, as this deployment has no default');
  const { chatId, messageId = newMessageId(run), generation: read } = readUiMessageRequest({ ...body, model });
  const options = fakeOptionsOf(fake ?? undefined);
  let generation: GenerationRequest | undefined = read;
  const upstream = new ClientRequest({
    // No provider speaks this one: it is asked as for a client of ours.
    format: 'weir',
    stream: true,
    wantsParts: true,
    silenceMs: PROVIDER_SILENCE_MS,
    passed: undefined,
    parser: undefined,
    read: () => generation as GenerationRequest,
    fake: () => options,
    forgotten: () => {
      generation = undefined;
      forgotten();
    },
  });
  return { chatId, messageId, model: read.model, fake, promptLength: promptText(read).length, upstream };
}

/** Derived, so that it is the same wherever it is made. */
function newMessageId(run: string): string {
  return `msg_${run.slice(RUN_PREFIX.length)}`;
}

/** A longer body is not kept: its stream can be read again, and is not continued by another instance. */
const KEPT_BYTES = 1024 * 1024;

/** A request as the log keeps it. */
export function keepChat({ messageId, model }: ReadChat, bytes: Buffer): KeptBody {
  const chat = bytes.length > KEPT_BYTES ? {} : { chat: bytes.toString() };
  return { endpoint: 'ui_message', body: JSON.stringify({ messageId, model, ...chat }), headers: {} };
}

/** What an answer says of itself. @param kept of {@link keepChat} */
export function keptHead({ messageId, model }: JsonObject, run: string): { id: string; model: string } {
  return { id: textOf(messageId) || newMessageId(run), model: textOf(model) };
}

/** What a provider is asked again. @throws WeirError producer_lost where it was too long to be kept; validation_error */
export function keptChat(kept: string, run: string): UpstreamRequest {
  const { model, chat } = parseObject(kept) ?? {};
  if (typeof chat !== 'string') throw new WeirError('producer_lost');
  return readChat(Buffer.from(chat), run, textOf(model)).upstream;
}
