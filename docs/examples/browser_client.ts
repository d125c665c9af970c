import { attachStream, openStream, type StreamEvent } from 'weir-client';

/** Streams an answer into an element; called again after the page was reloaded, it goes on with the same answer. */
export async function showAnswer(query: string, element: HTMLElement, signal: AbortSignal): Promise<void> {
  const options = {
    baseUrl: 'https://localhost/api/v1',
    signal,
    onEvent: (event: StreamEvent) => {
      if (event.type === 'chunk') element.append(event.data.content);
      if (event.type === 'status') {
        sessionStorage.setItem('thread', event.data.thread_id);
        sessionStorage.setItem('token', event.data.resume_token ?? '');
      }
    },
  };
  const thread = sessionStorage.getItem('thread');
  const resumeToken = sessionStorage.getItem('token') ?? '';
  try {
    const result = thread
      ? await attachStream(thread, { ...options, resumeToken })
      : await openStream({ query, model: 'demo', resumable: true }, options);
    if (result.outcome !== 'complete') element.append(` [not whole: ${result.outcome}]`);
  } finally {
    sessionStorage.clear();
  }
}
