import { readChatRequest } from '../chat/read_chat_request.ts';
import type { GenerationRequest } from '../generation_request.ts';
import type { StreamRequest } from './stream_request.ts';

/** @param request checked; its messages are in chat's form, and keep members that no other format has */
export function readWeirRequest(request: StreamRequest): GenerationRequest {
  const { query, model, temperature, max_tokens } = request;
  const messages = request.messages ?? [{ role: 'user', content: query }];
  return readChatRequest({ model, messages, stream: true, temperature, max_tokens });
}
