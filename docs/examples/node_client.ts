import { streamEvents } from 'weir-client';

/** Asks a question and writes the answer as it comes; throws where it does not come whole. */
export async function ask(baseUrl: string, query: string, write: (text: string) => void): Promise<void> {
  const request = { query, model: 'demo', resumable: true };
  for await (const event of streamEvents(request, { baseUrl, signal: AbortSignal.timeout(120_000) })) {
    if (event.type === 'chunk') write(event.data.content);
    if (event.type === 'error') throw new Error(event.data.message);
  }
}

if (import.meta.main) {
  await ask('https://localhost/api/v1', process.argv[2] ?? 'Hello', (text) => process.stdout.write(text));
}
