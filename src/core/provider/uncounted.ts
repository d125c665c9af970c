import type { Answer } from './provider.ts';

/** An answer whose provider counts only a part of the whole: better no count than a wrong one. */
export function uncounted(answer: Answer): Answer {
  return {
    start: (consumer) =>
      answer.start({
        content: (text) => consumer.content(text),
        end: ({ finishReason }) => consumer.end({ finishReason }),
        fail: (error) => consumer.fail(error),
      }),
    resume: () => answer.resume(),
  };
}
