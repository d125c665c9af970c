/** One step of a start, and how to undo it. */
export interface Phase {
  /** What is being done: "Starting Redis". */
  title: string;
  /** Does it. A returned sentence is shown. Rejects with a sentence for the user. */
  run: () => Promise<string | undefined> | Promise<void>;
  /** Undoes what `run` did, also when it failed half-way. */
  undo?: () => Promise<void>;
}

/** Shows progress. */
export interface PhaseReporter {
  begin(title: string): void;
  /** A line within a phase. */
  note(line: string): void;
  end(title: string, result: string | undefined): void;
  fail(title: string): void;
}

/**
 * Runs the phases in order. When one fails, or `signal` is aborted between two, everything done so far is undone,
 * the last first, and the failure is thrown on.
 */
export async function runPhases(phases: Phase[], reporter: PhaseReporter, signal?: AbortSignal): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  for (const phase of phases) {
    reporter.begin(phase.title);
    try {
      signal?.throwIfAborted();
      if (phase.undo) undo.unshift(phase.undo);
      const result = await phase.run();
      signal?.throwIfAborted();
      reporter.end(phase.title, result ?? undefined);
    } catch (error) {
      reporter.fail(phase.title);
      // An undo that fails must not stop the others.
      for (const step of undo) await step().catch((problem: Error) => reporter.note(problem.message));
      throw error;
    }
  }
}
