import { z } from 'zod';
import { WeirError } from './error_code.ts';
import { isNestedDeeper, isObject, type JsonObject } from './json_object.ts';

/** Of lists and objects in each other; what is deeper can't be written again. */
const MAX_LEVELS = 100;

function tooDeep(): WeirError {
  const message = `The body is nested deeper than ${MAX_LEVELS} levels; send a flatter one.`;
  return new WeirError('validation_error', { message, details: { fields: [{ field: 'body', message }] } });
}

/**
 * Checks a body by a schema.
 * @throws WeirError validation_error, which names every bad field
 */
export function checked<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  if (isNestedDeeper(body, MAX_LEVELS)) throw tooDeep();
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.') || 'body', message }));
  const names = fields.map(({ field }) => field).join(', ');
  throw new WeirError('validation_error', {
    message: `Not valid: ${names}; details.fields says why.`,
    details: { fields },
  });
}

/** Sampling as all formats spell it. `null` is as good as nothing. */
export const samplingFields = {
  model: z.string().min(1).max(200),
  stream: z.boolean().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
};

/** What a format does with a field that no member of a generation request holds. */
export type FieldFate = 'ignored' | 'unread' | ((value: unknown) => 'ignored' | 'unread' | undefined);

/** A field that says nothing to others, whatever it holds. */
export const nothing: FieldFate = () => undefined;

/** The fate of a field, but for values that ask for nothing. */
export function unless(asksNothing: (value: unknown) => boolean, fate: 'ignored' | 'unread'): FieldFate {
  return (value) => (asksNothing(value) ? undefined : fate);
}

/** The mark for the provider's cache that a part or a tool has, in the formats that have one. */
export function cacheOf({ cache_control }: JsonObject): { cache?: JsonObject } {
  return isObject(cache_control) ? { cache: cache_control } : {};
}

/** Sorts the fields of a body that a format does not read: those without a fate would change the answer. */
export function sortFields(
  body: JsonObject,
  read: Readonly<Record<string, unknown>>,
  fates: Readonly<Record<string, FieldFate>>,
): { unread: string[]; ignored: string[] } {
  const sorted = { unread: [] as string[], ignored: [] as string[] };
  for (const name of Object.keys(body)) {
    if (Object.hasOwn(read, name) || body[name] == null) continue;
    const fate = Object.hasOwn(fates, name) ? (fates[name] as FieldFate) : 'unread';
    const found = typeof fate === 'function' ? fate(body[name]) : fate;
    if (found !== undefined) sorted[found].push(name);
  }
  return sorted;
}

/** @returns the members that are neither undefined nor null */
export function given<Members extends JsonObject>(members: Members): Partial<Members> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value != null)) as Partial<Members>;
}
