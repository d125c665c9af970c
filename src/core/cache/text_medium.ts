import type { Answer, AnswerEnd } from '../provider/provider.ts';
import { isWholeReason, type Medium } from './medium.ts';

/** Answers as text: whoever reads one gets its pieces, under ids, counts and a checksum of its own. */
export const textMedium: Medium<Answer, null, AnswerEnd> = {
  feed(answer, generation) {
    generation.fedBy(() => answer.resume());
    answer.start({
      content: (text) => generation.push(text),
      end: (end) => generation.settle({ ok: true, end }),
      fail: (error) => generation.settle({ ok: false, error }),
    });
    return null;
  },
  read: (_, reader) => ({
    start: (consumer) =>
      reader.start({
        piece: (text) => consumer.content(text),
        end: (end) => consumer.end(end),
        fail: (error) => consumer.fail(error),
      }),
    resume: () => reader.resume(),
  }),
  keepable: ({ finishReason }) => isWholeReason(finishReason),
};
