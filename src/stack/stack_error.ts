/** A failure that a user can do something about: what went wrong, and the mend. */
export class StackError extends Error {
  readonly mend: string;

  /** `problem` and `mend` are halves of one sentence: "port 443 is taken by nginx" and "choose another with …". */
  constructor(problem: string, mend: string, options?: { cause?: unknown }) {
    super(`${problem}; ${mend}.`, options);
    this.name = 'StackError';
    this.mend = mend;
  }

  /** What went wrong, without the mend. */
  get problem(): string {
    return this.message.slice(0, -`; ${this.mend}.`.length);
  }
}

/** A command that was not put as it has to be; nothing was done. */
export class UsageError extends StackError {}
