// What the package offers. Everything else in this folder is its own.

export type { WireErrorCode } from '../../../src/formats/error_code.ts';
export type {
  CompleteEvent,
  ErrorEvent,
  StreamEvent,
} from '../../../src/formats/weir/stream_event.ts';
export type {
  FakeInput,
  StreamMessageInput,
  StreamRequestInput,
} from '../../../src/formats/weir/stream_request_input.ts';
export { type AlreadyEnded, attachStream, openStream, type StreamResult } from './open_stream.ts';
export type { Reconnect } from './reconnect.ts';
export { type ResumableFetchOptions, resumableFetch } from './resumable_fetch.ts';
export { ResumeError } from './resumed_answer.ts';
export { StreamIncomplete, streamEvents } from './stream_events.ts';
export type { AttachOptions, StreamOptions } from './stream_options.ts';
export { readRefusal, StreamRefusal } from './stream_refusal.ts';
export {
  fetchTransport,
  type StreamHead,
  streamHead,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from './transport.ts';
