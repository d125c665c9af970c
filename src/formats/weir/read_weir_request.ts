import { chatGeneration, readChatRequest } from '../chat/read_chat_request.ts';
import type { GenerationRequest } from '../generation_request.ts';
import type { StreamRequest } from './stream_request.ts';

/**
 * @param request checked, but for calls of tools; its messages are in chat's form, and keep members that no other
 *   format has
 */
export function readWeirRequest(request: StreamRequest): GenerationRequest {
  const { query, model, temperature, max_tokens } = request;
  const messages = request.messages ?? [{ role: 'user' as const, content: query }];
  const asked = { model, messages, stream: true, temperature, max_tokens };
  const hasCalls = messages.some((message) => 'tool_calls' in message || 'tool_call_id' in message);
  // To check all of it once more is most of what opening a stream costs here.
  return hasCalls ? readChatRequest(asked) : chatGeneration(asked);
}
