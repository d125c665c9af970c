/** One answer of an endpoint, to the byte. */
export interface EndpointAnswer {
  status: number;
  headers: Headers;
  bytes: Buffer;
  text: string;
}

/** Posts JSON as a client would, with a key of its own, which must not go further. @param body text, or what becomes it */
export async function askEndpoint(
  url: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<EndpointAnswer> {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer sk-of-the-client', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: answer.headers, bytes, text: bytes.toString('utf8') };
}
