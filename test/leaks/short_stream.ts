import { type Agent, request } from 'node:http';

/** One kind of request, with a share in the whole. */
interface Kind {
  path: string;
  body: (at: number) => object;
}

const messages = (at: number) => [{ role: 'user', content: `question ${at}` }];
const fake = { tokens: 8, ttft_ms: 0, tokens_per_second: 0 };

/** Every way that an answer can take: made here, translated, passed on, whole, logged, kept and shared, failing. */
const KINDS: readonly Kind[] = [
  { path: '/api/v1/stream', body: (at) => ({ query: `question ${at}`, model: 'demo', provider: 'fake', fake }) },
  { path: '/api/v1/stream', body: (at) => ({ query: `question ${at}`, model: 'mock-8x1000', provider: 'ours' }) },
  {
    path: '/api/v1/stream',
    body: (at) => ({ query: `question ${at}`, model: 'mock-8x1000', provider: 'ours', resumable: true }),
  },
  { path: '/v1/chat/completions', body: (at) => ({ model: 'ours/mock-8x1000', messages: messages(at), stream: true }) },
  { path: '/v1/chat/completions', body: (at) => ({ model: 'ours/mock-8x1000', messages: messages(at) }) },
  { path: '/v1/chat/completions', body: (at) => ({ model: 'kept', messages: messages(at % 50), stream: true }) },
  { path: '/v1/chat/completions', body: (at) => ({ model: 'careful', messages: messages(at), stream: true }) },
  { path: '/api/v1/stream', body: (at) => ({ query: `question ${at}`, model: 'careful' }) },
  {
    path: '/v1/messages',
    body: (at) => ({ model: 'spare', messages: messages(at), max_tokens: 8, stream: true, fake }),
  },
  { path: '/v1/chat/completions', body: (at) => ({ model: 'ours/mock-reset', messages: messages(at), stream: true }) },
];

/** Where a client leaves: before the head, or after so many pieces of the body. */
export type Leaving = 'not' | 'at once' | number;

/** How a stream went, from its client's side. */
export type Ended = 'whole' | 'left' | 'refused' | 'broken';

/** Sends one short request and reads it to its end, or leaves. Never rejects. */
export function shortStream(url: string, agent: Agent, at: number, leaving: Leaving): Promise<Ended> {
  const { path, body } = KINDS[at % KINDS.length] as Kind;
  return new Promise((resolve) => {
    const headers = { 'Content-Type': 'application/json', 'X-Real-IP': `10.0.0.${at % 200}` };
    const sent = request(new URL(path, url), { method: 'POST', agent, headers });
    const leave = () => {
      sent.destroy();
      resolve('left');
    };
    sent.once('error', () => resolve('broken'));
    sent.once('response', (response) => {
      let pieces = 0;
      response.on('data', () => {
        pieces += 1;
        if (pieces === leaving) leave();
      });
      response.once('error', () => resolve('broken'));
      response.once('end', () => resolve(response.statusCode === 200 ? 'whole' : 'refused'));
    });
    sent.end(JSON.stringify(body(at)));
    if (leaving === 'at once') setImmediate(leave);
  });
}
