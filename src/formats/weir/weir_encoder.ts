import type { WeirError } from '../error_code.ts';
import type {
  ChunkEvent,
  CitationEvent,
  CompleteEvent,
  ErrorEvent,
  NoticeEvent,
  ReasoningEvent,
  RefusalEvent,
  StatusEvent,
  ToolCallEvent,
} from './stream_event.ts';

/** A comment line; it keeps proxies and clients from taking silence for death. */
export const HEARTBEAT = ': hb\n\n';

/**
 * Frames of `/api/v1/stream`. JSON escapes every line break, so text can never end a `data` line or inject a field.
 * `id` is `<epoch>.<seq>`.
 */
export function encodeStatus(id: string, data: StatusEvent): string {
  return `id: ${id}\nevent: status\ndata: ${JSON.stringify(data)}\n\n`;
}

export function encodeChunk(id: string, data: ChunkEvent): string {
  const finish = data.finish_reason === null ? 'null' : JSON.stringify(data.finish_reason);
  return `id: ${id}\nevent: chunk\ndata: {"content":${JSON.stringify(data.content)},"chunk_index":${data.chunk_index},"finish_reason":${finish}}\n\n`;
}

export function encodeReasoning(id: string, data: ReasoningEvent): string {
  return `id: ${id}\nevent: reasoning\ndata: ${JSON.stringify(data)}\n\n`;
}

export function encodeToolCall(id: string, data: ToolCallEvent): string {
  return `id: ${id}\nevent: tool_call\ndata: ${JSON.stringify(data)}\n\n`;
}

export function encodeRefusal(id: string, data: RefusalEvent): string {
  return `id: ${id}\nevent: refusal\ndata: ${JSON.stringify(data)}\n\n`;
}

export function encodeCitation(id: string, data: CitationEvent): string {
  return `id: ${id}\nevent: citation\ndata: ${JSON.stringify(data)}\n\n`;
}

/** `complete` and `[DONE]` are one frame, so that they leave in one write. */
export function encodeComplete(id: string, data: CompleteEvent): string {
  return `id: ${id}\nevent: complete\ndata: ${JSON.stringify(data)}\n\ndata: [DONE]\n\n`;
}

export function encodeError(id: string, error: WeirError, threadId: string, delivered: number): string {
  const data: ErrorEvent = {
    error: error.code,
    message: error.message,
    retryable: error.retryable,
    thread_id: threadId,
    delivered,
  };
  return `id: ${id}\nevent: error\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A notice in the format of others: as an event it would be a broken one to their clients. */
export function noticeComment({ kind, message }: NoticeEvent): string {
  const said = message === undefined ? kind : `${kind}: ${message}`;
  return `: ${said.replace(/[\r\n]+/g, ' ')}\n\n`;
}

export function encodeNotice(data: NoticeEvent): string {
  return `event: notice\ndata: ${JSON.stringify(data)}\n\n`;
}
