import { ClientRequest, promptText } from '../../core/upstream/client_request.ts';
import type { UpstreamRequest } from '../../core/upstream/upstream.ts';
import type { GenerationRequest } from '../../formats/generation_request.ts';
import { PROVIDER_SILENCE_MS } from '../../formats/timing.ts';
import { readUiMessageRequest } from '../../formats/ui_message/read_ui_message_request.ts';
import { fakeOptionsOf, invalid, parseBody } from './endpoint_request.ts';

/** A request of `/api/v1/chat`, read. */
export interface ReadChat {
  /** Undefined where the client names no chat. */
  chatId: string | undefined;
  /** Of the message that the answer becomes a part of; undefined for a new one. */
  messageId: string | undefined;
  /** A route, `provider/model`, or a model of the default provider. */
  model: string;
  /** Knobs of the fake provider. */
  fake: unknown;
  /** Of its words, in UTF-16 units. */
  promptLength: number;
  upstream: UpstreamRequest;
}

/**
 * @param defaultModel where the client names none
 * @param forgotten called when what was read is needed no longer
 * @throws WeirError invalid_json, validation_error
 */
export function readChat(bytes: Buffer, defaultModel: string | undefined, forgotten = () => {}): ReadChat {
  const { fake, model: named, ...body } = parseBody(bytes);
  const model = named ?? defaultModel;
  if (model === undefined) throw invalid('model', 'must be given, as this deployment has no default');
  const read = readUiMessageRequest({ ...body, model });
  const options = fakeOptionsOf(fake ?? undefined);
  let generation: GenerationRequest | undefined = read.generation;
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
  const { chatId, messageId } = read;
  return {
    chatId,
    messageId,
    model: read.generation.model,
    fake,
    promptLength: promptText(generation).length,
    upstream,
  };
}
