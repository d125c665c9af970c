/** Where a reader's bytes go: one client's connection. */
export interface Sink {
  /** Sends the head and the first frame in one write. */
  open(firstFrame: string): void;
  /** @returns false when the connection did not take all of it: `onDrain` tells when it has */
  write(frame: string): boolean;
  /** The last frame, then the end of the response. */
  end(lastFrame: string): void;
  /** Cuts the connection without an end. */
  destroy(): void;
  onDrain(callback: () => void): void;
  /** Bytes that the connection has taken so far; undefined while none wait. */
  takenWhileWaiting(): number | undefined;
}
