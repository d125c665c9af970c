/** A failure that a user can do something about: what went wrong, and the fix. */
export class StackError extends Error {
  readonly fix: string;

  /** `problem` and `fix` are halves of one sentence: "port 443 is taken by nginx" and "choose another with …". */
  constructor(problem: string, fix: string, options?: { cause?: unknown }) {
    super(`${problem}; ${fix}.`, options);
    this.name = 'StackError';
    this.fix = fix;
  }

  /** What went wrong, without the fix. */
  get problem(): string {
    return this.message.slice(0, -`; ${this.fix}.`.length);
  }
}

/** A command that was not put as it has to be; nothing was done. */
export class UsageError extends StackError {}
