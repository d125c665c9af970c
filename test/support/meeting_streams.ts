import type { MockOpenai, MockOpenaiOptions } from './mock_openai.ts';
import { startMockOpenai } from './mock_openai.ts';
import { answerFrames, SSE_HEADERS } from './openai_frames.ts';
import type { StackAnswer, StackRequest } from './stack_requests.ts';

const MODEL = 'mock-meets';

/** A provider whose streams of one kind end when all of them are there, however long a busy machine takes for that. */
export interface MeetingPlace extends MockOpenai {
  /** Sends that many requests at once; those that stream do so until the last one has its head. */
  meet(
    count: number,
    send: (request: StackRequest) => Promise<StackAnswer>,
    headers?: HeadersOf,
  ): Promise<StackAnswer[]>;
}

/** Headers of a request, by its number. */
type HeadersOf = (at: number) => Record<string, string>;

/** Everything else as {@link startMockOpenai} answers it. */
export async function startMeetingPlace(): Promise<MeetingPlace> {
  let met = Promise.withResolvers<void>();
  const script: MockOpenaiOptions['script'] = ({ body }) =>
    body.model === MODEL
      ? [{ head: 200, headers: SSE_HEADERS }, { until: met.promise }, { write: answerFrames(['We ', 'met.'], true) }]
      : undefined;
  const provider = await startMockOpenai({ script });
  const meet: MeetingPlace['meet'] = (count, send, headers = () => ({})) => {
    met = Promise.withResolvers<void>();
    let heads = 0;
    const onHead = () => {
      heads += 1;
      if (heads === count) met.resolve();
    };
    const body = { query: 'hi', model: MODEL, provider: 'openai' };
    return Promise.all(
      Array.from({ length: count }, (_, at) => send({ path: '/api/v1/stream', body, headers: headers(at), onHead })),
    );
  };
  return Object.assign(provider, { meet });
}
