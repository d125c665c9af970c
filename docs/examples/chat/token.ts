import type { IncomingMessage, ServerResponse } from 'node:http';

/** The backend: a token for the user who is logged in. `WEIR_KEY` acts for users, and stays here. */
export async function token(_request: IncomingMessage, response: ServerResponse): Promise<void> {
  const user = 'ann'; // Your own login goes here.
  const answer = await fetch(`${process.env.VITE_WEIR_URL ?? 'https://localhost'}/api/v1/tokens`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${process.env.WEIR_KEY}`, 'X-Weir-User': user },
  }).catch((error) => new Response(String(error.cause ?? error), { status: 502 }));
  response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(await answer.text());
}
