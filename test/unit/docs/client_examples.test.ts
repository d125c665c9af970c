import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ask } from '../../../docs/examples/node_client.ts';
import { cut, refuse, ScriptedServer, stream, transcript } from '../client/scripted_server.ts';

const DOCS = resolve(import.meta.dirname, '../../../docs');
const read = (file: string) => readFileSync(join(DOCS, file), 'utf8');

let server: ScriptedServer | undefined;

afterEach(() => server?.close());

async function asked(...answers: ConstructorParameters<typeof ScriptedServer>[0]): Promise<string> {
  server = await new ScriptedServer(answers).listen();
  let text = '';
  await ask(server.baseUrl, 'Why?', (piece) => {
    text += piece;
  });
  return text;
}

describe('docs/client.md', () => {
  it.each(['browser_client.ts', 'node_client.ts', 'resumable_clients.ts'])('shows %s as it is', (file) => {
    expect(read('client.md')).toContain(`\`\`\`ts\n${read(`examples/${file}`)}\`\`\`\n`);
  });

  it('has an example for Node.js that works, also over a reconnect', async () => {
    const frames = transcript(['Because ', 'of the air.']);
    expect(await asked(cut(frames.slice(0, 2).join('')), stream(frames.slice(2)))).toBe('Because of the air.');
    await expect(asked(cut(frames[0]!), refuse(404, 'not_found'))).rejects.toThrow('incomplete');
  });
});
