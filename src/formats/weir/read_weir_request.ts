import { chatGeneration, readChatRequest } from '../chat/read_chat_request.ts';
import type { GenerationRequest } from '../generation_request.ts';
import type { StreamRequest } from './stream_request.ts';

const OF_CALLS = ['tool_calls', 'tool_call_id', 'function_call'];

/**
 * @param request checked, but for calls of tools; its messages are in chat's form, and keep members that no other
 *   format has
 */
export function readWeirRequest(request: StreamRequest): GenerationRequest {
  const { query, model, temperature, max_tokens } = request;
  const messages = request.messages ?? [{ role: 'user' as const, content: query }];
  const asked = { model, messages, stream: true, temperature, max_tokens };
  const hasCalls = messages.some((message) => OF_CALLS.some((name) => name in message));
  // To check all of it once more is most of what opening a stream costs here.
  return hasCalls ? readChatRequest(asked) : chatGeneration(asked);
}
