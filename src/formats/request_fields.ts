import { z } from 'zod';
import { WeirError } from './error_code.ts';
import { isObject, type JsonObject, shapeProblem } from './json_object.ts';

/**
 * Checks a body by a schema.
 * @throws WeirError validation_error, which names every bad field; of the entries of a list the first
 */
export function checked<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const problem = shapeProblem(body);
  if (problem !== undefined) throw invalid([{ field: 'body', message: problem }], problem);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.') || 'body', message }));
  const names = fields.map(({ field }) => field).join(', ');
  throw invalid(fields, `Not valid: ${names}; details.fields says why.`);
}

function invalid(fields: { field: string; message: string }[], message: string): WeirError {
  return new WeirError('validation_error', { message, details: { fields } });
}

/** No entry of a list, as a message or a tool, has nearly so many; each costs more than to parse it. */
const MAX_MEMBERS = 200;

/**
 * A list of so many entries. The check ends with the first bad one: a body may hold hundreds of thousands, and to
 * say of each what is wrong takes seconds.
 */
export function listed<Schema extends z.ZodType>(entry: Schema, max: number, min = 0) {
  return z
    .array(z.unknown())
    .min(min)
    .max(max)
    .transform((entries, context): z.output<Schema>[] => {
      const checked: z.output<Schema>[] = [];
      for (const [index, value] of entries.entries()) {
        if (isObject(value) && Object.keys(value).length > MAX_MEMBERS) {
          context.addIssue({ code: 'custom', path: [index], message: `has more than ${MAX_MEMBERS} members` });
          return z.NEVER;
        }
        const parsed = entry.safeParse(value);
        if (!parsed.success) {
          for (const { path, message } of parsed.error.issues) {
            context.addIssue({ code: 'custom', path: [index, ...path], message });
          }
          return z.NEVER;
        }
        checked.push(parsed.data);
      }
      return checked;
    });
}

/** A text, or a list of objects with a type, as all formats write what is said. Says of a bad one only that it is bad. */
export const textOrParts = z.custom<string | readonly (JsonObject & { type: string })[]>(
  (value) =>
    typeof value === 'string' ||
    (Array.isArray(value) && value.every((part) => isObject(part) && typeof part.type === 'string')),
  'must be text or a list of parts, each with a type',
);

/** A text, or a list of texts. */
export const textOrTexts = z.custom<string | readonly string[]>(
  (value) => typeof value === 'string' || (Array.isArray(value) && value.every((text) => typeof text === 'string')),
  'must be text or a list of texts',
);

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
  const found: JsonObject = {};
  for (const name of Object.keys(members)) if (members[name] != null) found[name] = members[name];
  return found as Partial<Members>;
}
