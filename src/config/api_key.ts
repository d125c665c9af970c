import { z } from 'zod';

const PER_MINUTE = z.number().int().min(1).max(1_000_000_000);

/** Signs the browser tokens of one key; 256 random bits. Unlike a key's hash it is a secret. */
const tokenSecretSchema = z.object({ secret: z.string().regex(/^[A-Za-z0-9_-]{43}$/), created: z.iso.datetime() });

/** One client's key, as it is stored: the file does not contain the key itself. */
export const apiKeySchema = z.object({
  /** Names it in logs, limits and usage; no secret. */
  id: z.string().regex(/^[a-z0-9]{8}$/),
  name: z.string().min(1).max(100),
  /**
   * Hex SHA-256 of the key's text. One round is enough: a slow hash makes guessing what people chose costly, and this
   * is 256 random bits, which can not be guessed at any speed.
   */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** What it may ask for; see {@link mayUseModel}. */
  models: z.array(z.string().min(1).max(300)).min(1),
  /** Streams at once over all instances; absent: what every user may have. */
  streams: z.number().int().min(1).max(1_000_000).optional(),
  /** Absent: as many as it likes. */
  requests_per_minute: PER_MINUTE.optional(),
  tokens_per_minute: PER_MINUTE.optional(),
  /** Present where each request says for which user it is; the limits above then are those of each user. */
  acts_for_users: z
    .object({
      /** The newest first. */
      token_secrets: z.array(tokenSecretSchema).min(1).max(2),
      /** Of all users together. */
      requests_per_minute: PER_MINUTE.optional(),
      tokens_per_minute: PER_MINUTE.optional(),
    })
    .optional(),
  created: z.iso.datetime(),
  /** From then on it is refused. */
  expires: z.iso.datetime().optional(),
  revoked: z.iso.datetime().optional(),
});
export type ApiKey = z.output<typeof apiKeySchema>;

/** The file of keys. */
export const apiKeysFileSchema = z.object({ version: z.literal(1), keys: z.array(apiKeySchema) });
export type ApiKeysFile = z.output<typeof apiKeysFileSchema>;

/** A key's text: its id, then 256 random bits. Programs that look for leaked secrets know it by its beginning. */
const KEY_TEXT = /^weir_([a-z0-9]{8})_[A-Za-z0-9_-]{43}$/;

/** The id that a key's text names; undefined where it is no key of this program. */
export function keyIdOf(text: string): string | undefined {
  return KEY_TEXT.exec(text)?.[1];
}

/**
 * Whether a key may use a model that goes by one of `names`: a route's, or `provider/model`, or a bare name. A pattern may
 * have `*` in it for anything, as in `openai/*`.
 */
export function mayUseModel({ models }: Pick<ApiKey, 'models'>, names: readonly string[]): boolean {
  return models.some((pattern) => names.some((name) => fits(pattern, name)));
}

/** By hand, as a pattern made into a regular expression could be one that takes for ever. */
function fits(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (!name.startsWith(first)) return false;
  if (rest.length === 0) return name === first;
  const last = rest.pop() as string;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
