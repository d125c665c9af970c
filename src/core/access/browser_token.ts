import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { ApiKey } from '../../config/api_key.ts';
import { WeirError } from '../../formats/error_code.ts';
import { isUserName } from './asker.ts';

/** How long a token may hold, in seconds. */
export const TOKEN_SECONDS = { least: 60, most: 3_600, otherwise: 900 };

/**
 * A new secret signs only when it is this old. By then all instances have read it, also those whose copy of the file
 * comes a little later.
 */
const SETTLED_MS = 60_000;
/** Clocks of instances without a common Redis may differ by this much. */
const SKEW_MS = 60_000;

/** The key's id, what is signed for it, and the signature: `weir_token_ab12cd34.….…`. */
const TOKEN_TEXT = /^weir_token_([a-z0-9]{8})\.([A-Za-z0-9_-]{1,640})\.([A-Za-z0-9_-]{43})$/;

const contentSchema = z.object({ user: z.string().refine(isUserName), exp: z.number().int() });

/** A token as it came, in its parts; nothing of it is checked. */
export interface SentToken {
  keyId: string;
  content: string;
  signature: string;
}

/** @returns undefined where the text does not look like a browser token */
export function parseToken(text: string): SentToken | undefined {
  const [, keyId = '', content = '', signature = ''] = TOKEN_TEXT.exec(text) ?? [];
  return keyId === '' ? undefined : { keyId, content, signature };
}

/**
 * A token for one user of a key that acts for users.
 * @param expires seconds since 1970; @param now milliseconds since 1970
 */
export function mintToken(key: ApiKey, user: string, expires: number, now: number): string {
  const secrets = secretsOf(key);
  const settled = secrets.find(({ created }) => now - Date.parse(created) >= SETTLED_MS) ?? secrets.at(-1);
  if (!settled) throw new WeirError('internal_error', { message: 'This key has no secret for tokens.' });
  const content = Buffer.from(JSON.stringify({ user, exp: expires })).toString('base64url');
  return `weir_token_${key.id}.${content}.${signature(settled.secret, key.id, content)}`;
}

/**
 * The user whom a token names. Compared as text, so that no other spelling of the same bytes is taken.
 * @param key by the id that the token names; undefined where there is none
 * @param now milliseconds since 1970
 * @throws WeirError unauthorized
 */
export function userOfToken(token: SentToken, key: ApiKey | undefined, now: number): string {
  if (!key) throw refused('its key is not known here; check that this is the deployment that made it');
  const given = Buffer.from(token.signature);
  const isOurs = secretsOf(key).some(({ secret }) =>
    timingSafeEqual(given, Buffer.from(signature(secret, key.id, token.content))),
  );
  if (!isOurs) throw refused('it was changed, or made by another deployment');
  const content = contentSchema.safeParse(JSON.parse(Buffer.from(token.content, 'base64url').toString()));
  if (!content.success) throw refused('another version of Weir made it');
  const { user, exp } = content.data;
  if (now >= exp * 1000) throw refused(`it expired at ${new Date(exp * 1000).toISOString()}`);
  if (exp * 1000 > now + TOKEN_SECONDS.most * 1000 + SKEW_MS) {
    throw refused("it ends later than any token may; set this deployment's clocks right");
  }
  return user;
}

function secretsOf({ acts_for_users }: ApiKey) {
  return acts_for_users?.token_secrets ?? [];
}

function signature(secret: string, keyId: string, content: string): string {
  return createHmac('sha256', Buffer.from(secret, 'base64url')).update(`${keyId}.${content}`).digest('base64url');
}

function refused(why: string): WeirError {
  return new WeirError('unauthorized', {
    message: `This browser token does not hold: ${why}. Ask your backend for a new one.`,
  });
}
