/** One answer of a door, to the byte. */
export interface DoorAnswer {
  status: number;
  headers: Headers;
  bytes: Buffer;
  text: string;
}

/** Posts JSON as a client would, with a key of its own that nobody else is to see. @param body text, or what becomes it */
export async function askDoor(
  url: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<DoorAnswer> {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer sk-of-the-client', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: answer.headers, bytes, text: bytes.toString('utf8') };
}
