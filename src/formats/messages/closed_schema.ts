import { isObject, type JsonObject } from '../json_object.ts';

/** Rules that Anthropic's schemas have not: they stay as words. */
const RULES = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'maxItems',
  'uniqueItems',
]);
/** Members whose values are schemas by name. */
const NAMED = new Set(['properties', '$defs', 'definitions']);
/** Members that hold values, not schemas. */
const VALUES = new Set(['enum', 'const', 'default', 'examples', 'required']);

/**
 * A schema as Anthropic takes it for answers: objects have no members that it does not name, and what can't be held to
 * is said in the description. What fits it fits the schema that it was made of, but for those rules.
 */
export function closedSchema(schema: JsonObject): JsonObject {
  const closed: JsonObject = {};
  const rules: string[] = [];
  for (const [name, value] of Object.entries(schema)) {
    if (RULES.has(name) || (name === 'minItems' && value !== 0 && value !== 1))
      rules.push(`${name}: ${JSON.stringify(value)}`);
    else closed[name] = VALUES.has(name) ? value : closedValue(name, value);
  }
  if (rules.length > 0) {
    const described = typeof schema.description === 'string' ? `${schema.description}\n` : '';
    closed.description = `${described}(${rules.join(', ')})`;
  }
  if (closed.type === 'object' || isObject(closed.properties)) closed.additionalProperties = false;
  return closed;
}

function closedValue(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => (isObject(entry) ? closedSchema(entry) : entry));
  if (!isObject(value)) return value;
  if (!NAMED.has(name)) return closedSchema(value);
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, isObject(entry) ? closedSchema(entry) : entry]),
  );
}
