import { requestHttp1, type StackAnswer, type StackRequest } from './stack_requests.ts';
import { until } from './until.ts';

/** Streams that are kept open, each followed by the next, until the test has seen enough. */
export interface SteadyLoad {
  /** Streams that ended since the start. */
  ended: StackAnswer[];
  /** Lets the open ones finish; gives all that ended. */
  stop(): Promise<StackAnswer[]>;
}

const USERS = 10;

/**
 * Keeps `count` streams open through NGINX, those of ten users, and resolves when each has run once. A moment at which all
 * run at the same time may never come on a busy machine, as one that ends takes a while to be followed.
 */
export async function startSteadyLoad(url: string, count: number, fake: Record<string, unknown>): Promise<SteadyLoad> {
  const ended: StackAnswer[] = [];
  let begun = 0;
  let stopping = false;
  const keepOpen = async (from: string) => {
    let hasBegun = false;
    const request: StackRequest = {
      path: '/api/v1/stream',
      body: { query: 'hi', model: 'm', provider: 'fake', fake },
      from,
      onHead: () => {
        if (!hasBegun) begun += 1;
        hasBegun = true;
      },
    };
    while (!stopping) {
      ended.push(await requestHttp1(url, request));
    }
  };
  const loops = Array.from({ length: count }, (_, index) => keepOpen(`127.0.7.${(index % USERS) + 1}`));
  await until(`${count} streams have begun`, () => begun === count);
  return {
    ended,
    async stop() {
      stopping = true;
      await Promise.all(loops);
      return ended;
    },
  };
}

/** What is wrong with an answer that should be a whole stream; undefined for one that is. */
export function flaw({ status, text, broken }: StackAnswer): string | undefined {
  if (broken !== undefined) return `broken: ${broken} after ${text.length} characters of status ${status}`;
  if (status !== 200) return `status ${status}: ${text.slice(0, 200)}`;
  return text.endsWith('data: [DONE]\n\n') ? undefined : `no end: …${text.slice(-120)}`;
}

/** Answers by the instance that gave them. */
export function perInstance(answers: StackAnswer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { headers } of answers) {
    const name = String(headers['x-instance-id']);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
