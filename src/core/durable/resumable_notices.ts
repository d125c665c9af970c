import type { NoticeEvent } from '../../formats/weir/stream_event.ts';

/* What clients are to know of a stream beside its text. */

/** Said to a client whose stream is served as a plain one. */
export const NOT_RESUMABLE: NoticeEvent = {
  kind: 'not_resumable',
  message: 'The stream log cannot be reached now; this stream would not survive its instance.',
};

export const SINGLE_INSTANCE: NoticeEvent = {
  kind: 'single_instance',
  message: 'There is no Redis: this stream survives its connection, not its instance.',
};

export const TOO_LONG: NoticeEvent = {
  kind: 'not_resumable',
  message: 'This answer is too long to be kept; it goes on, but not on another connection.',
};

export const UNLOGGED: NoticeEvent = {
  kind: 'not_resumable',
  message: 'The stream log cannot be reached; until it is back this stream would not survive.',
};

export const LOGGED_AGAIN: NoticeEvent = {
  kind: 'resumable',
  message: 'The stream log is back; this stream survives its instance again.',
};
