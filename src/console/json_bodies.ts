import type { FastifyError, FastifyInstance } from 'fastify';

/** Bodies are JSON objects, or nothing; refusals are JSON too, and tell nothing of the inside. */
export function useJsonBodies(app: FastifyInstance): void {
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (_request: unknown, text: string) => {
    // A DELETE says that it is JSON, and has no body.
    if (text === '') return {};
    const value: unknown = parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    throw Object.assign(new Error('Send a JSON object.'), { statusCode: 400, code: 'invalid_json' });
  });
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    const code = status === 413 ? 'payload_too_large' : status < 500 ? 'invalid_json' : 'internal_error';
    return reply.code(status).send({ error: code, message: error.message });
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
