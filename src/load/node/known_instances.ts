import type { LoadUser } from '../follower.ts';

const WITHIN_MS = 3000;

/** Names of the instances that Weir's API says it has; none where it doesn't say, as other servers don't. */
export async function knownInstances(baseUrl: string, { transport, headers }: LoadUser): Promise<string[]> {
  try {
    const signal = AbortSignal.timeout(WITHIN_MS);
    const sent = { ...headers, accept: 'application/json' };
    const answer = await transport(`${baseUrl}/cluster`, { method: 'GET', headers: sent, body: '', signal });
    const decoder = new TextDecoder();
    let text = '';
    for await (const bytes of answer.body) text += decoder.decode(bytes, { stream: true });
    const { instances } = JSON.parse(text) as { instances?: { id: string; state: string }[] };
    return (instances ?? []).filter(({ state }) => state === 'ready').map(({ id }) => id);
  } catch {
    return [];
  }
}
