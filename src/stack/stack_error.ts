/** A failure that a user can fix: what went wrong, and how to fix it. */
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

/** A command with wrong arguments; nothing was done. */
export class UsageError extends StackError {}
