/** A numbered piece of the stream, encoded once for all readers. */
export interface Frame {
  seq: number;
  text: string;
}

/**
 * Stands between the producer and its readers: a frame may reach a client only once it is committed. Without a log
 * that is at once; with one, after the log's acknowledgement.
 * @returns false when too much waits for its commit: the producer then waits for `onRoom`
 */
export type Commit = (frame: Frame, deliver: (frame: Frame) => void) => boolean;

/** Nothing outlives this process, so there is nothing to wait for. */
export const commitAtOnce: Commit = (frame, deliver) => {
  deliver(frame);
  return true;
};
