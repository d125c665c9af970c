import type { GenerationRequest, MessagePart } from './generation_request.ts';

/** The words of a request: its messages one below the other, without names of tools, images and files. */
export function promptText({ messages }: GenerationRequest): string {
  return messages.map(({ parts }) => textOf(parts)).join('\n');
}

function textOf(parts: readonly MessagePart[]): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text;
      return part.type === 'tool_result' ? textOf(part.parts) : '';
    })
    .join('\n');
}
