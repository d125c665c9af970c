import type { MockRequest } from './mock_openai.ts';
import { answerFrames, chunkFrame, DONE_FRAME, type MockStep, SSE_HEADERS, usageFrame } from './openai_frames.ts';

const head: MockStep = { head: 200, headers: SSE_HEADERS };

/** Answers of a provider that never says the same twice, so that what is equal was said once. */
export function numberedTales(): (request: MockRequest) => MockStep[] | undefined {
  let count = 0;
  return ({ body }) => {
    count += 1;
    const word = `tale ${count} – 堰 `;
    const end = chunkFrame({}, 'stop') + usageFrame(7, 3) + DONE_FRAME;
    switch (body.model) {
      case 'tale': {
        if (body.stream) return [head, { write: answerFrames([word, 'is ', 'over.'], true) }];
        const choices = [{ index: 0, message: { role: 'assistant', content: word }, finish_reason: 'stop' }];
        return [{ head: 200, headers: { 'content-type': 'application/json' } }, { write: JSON.stringify({ choices }) }];
      }
      case 'slow-tale':
        return [head, { write: chunkFrame({ content: word }) }, { pause: 400 }, { write: end }];
      case 'patient-tale':
        return [head, { write: chunkFrame({ content: word }) }, { pause: 1_000 }, { write: end }];
      case 'endless-tale':
        return [head, { write: chunkFrame({ content: word }) }, { hang: true }];
      case 'filtered-tale':
        return [head, { write: chunkFrame({ content: word }) + chunkFrame({}, 'content_filter') + DONE_FRAME }];
      case 'long-tale':
        return [head, { write: chunkFrame({ content: word.repeat(4000) }).repeat(30) + end }];
      default:
        return undefined;
    }
  };
}
