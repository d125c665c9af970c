import type { StreamRequest } from '../../formats/weir/stream_request.ts';

/** The words of a request, whichever way it brought them. */
export function promptText(request: StreamRequest): string {
  if (request.query !== undefined) return request.query;
  return (request.messages ?? [])
    .map((message) => (typeof message.content === 'string' ? message.content : JSON.stringify(message.content ?? '')))
    .join('\n');
}
