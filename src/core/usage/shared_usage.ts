import type { Usage } from '../../formats/weir/stream_event.ts';
import { NO_USAGE } from './stream_usage.ts';

/**
 * Tokens of one answer that several requests are given. They are counted once: by the first that has all of it, else by
 * the last that leaves.
 */
export class SharedUsage {
  #most = NO_USAGE;
  #isCounted = false;

  /** Nobody generated this answer for these requests. */
  keptFromBefore(): void {
    this.#isCounted = true;
  }

  /**
   * What one of the requests counts when it ends.
   * @param seen of the answer by this request
   * @param whole whether it came to the proper end; @param isLast whether nobody else will see more
   */
  counted(seen: Usage, whole: boolean, isLast: boolean): Usage {
    if (this.#isCounted) return NO_USAGE;
    if (whole || seen.output_tokens >= this.#most.output_tokens) this.#most = seen;
    if (!whole && !isLast) return NO_USAGE;
    this.#isCounted = true;
    return this.#most;
  }
}
