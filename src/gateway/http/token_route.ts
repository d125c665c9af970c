import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TOKEN_SECONDS } from '../../core/access/browser_token.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { Access } from './access.ts';
import { unchecked } from './stream_docs.ts';

const { least, most, otherwise } = TOKEN_SECONDS;
const RANGE = `must be a whole number of seconds from ${least} to ${most}`;

const bodySchema = z.strictObject({
  expires_in: z.int(RANGE).min(least, RANGE).max(most, RANGE).default(otherwise).describe('seconds'),
});

const answerSchema = z.object({
  token: z.string().describe('goes to the browser, which sends it as its API key'),
  token_type: z.literal('Bearer'),
  user: z.string(),
  expires_in: z.number().describe('seconds'),
  expires_at: z.iso.datetime(),
});

/** `POST /api/v1/tokens`: a backend's way to let one of its users ask from the browser. */
export function tokenRoute(app: FastifyInstance, access: Access): void {
  app.post('/api/v1/tokens', {
    schema: {
      summary: 'Make a browser token for one user',
      description: 'Wants a key that acts for users. The token has the rights and the limits of that one user.',
      body: bodySchema.optional().meta({ examples: [{ expires_in: otherwise }] }),
      headers: z.object({ 'x-weir-user': z.string().describe('the user; 1 to 200 printable characters') }),
      response: { 200: answerSchema },
    },
    config: { wantsKey: true },
    validatorCompiler: unchecked,
    handler: (request: FastifyRequest, reply: FastifyReply) => {
      const expires_in = secondsOf(request.body);
      const { token, user, expires } = access.mintToken(request, expires_in);
      const expires_at = new Date(expires * 1000).toISOString();
      reply.header('Cache-Control', 'no-store').send({ token, token_type: 'Bearer', user, expires_in, expires_at });
    },
  });
}

/** @throws WeirError validation_error */
function secondsOf(body: unknown): number {
  const parsed = bodySchema.safeParse(body ?? {});
  if (parsed.success) return parsed.data.expires_in;
  const fields = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.') || 'body', message }));
  const message = fields.map((each) => `${each.field} ${each.message}`).join('; ');
  throw new WeirError('validation_error', { message: `${message}.`, details: { fields } });
}
