import { isObject, type JsonObject, listOf, objectOf } from './json_object.ts';
import type { RequestLosses } from './request_losses.ts';

/** What Anthropic and OpenAI refuse at the top of a schema for arguments. */
const NOT_AT_TOP = ['anyOf', 'oneOf', 'allOf', 'not', 'enum'] as const;

/** The schema of a tool's arguments as all providers take it: an object with properties, and no choice at its top. */
export function toolSchema(parameters: JsonObject, losses: RequestLosses): JsonObject {
  const schema: JsonObject = { ...parameters, type: 'object', properties: objectOf(parameters.properties) ?? {} };
  const rules: string[] = [];
  for (const name of NOT_AT_TOP) {
    if (schema[name] === undefined) continue;
    rules.push(`${name}: ${JSON.stringify(schema[name])}`);
    delete schema[name];
    losses.dropField(`tools.${name}`);
  }
  return described(schema, rules);
}

/** Whether {@link toolSchema} keeps all that a schema says. */
export function fitsTool(schema: JsonObject): boolean {
  return schema.type === 'object' && NOT_AT_TOP.every((name) => schema[name] === undefined);
}

/** @param rules that the schema can't say otherwise; they stand in its description */
export function described(schema: JsonObject, rules: readonly string[]): JsonObject {
  if (rules.length === 0) return schema;
  const before = typeof schema.description === 'string' ? `${schema.description}\n` : '';
  return { ...schema, description: `${before}(${rules.join(', ')})` };
}

/** What OpenAI does not take in a schema that it holds a model to. */
const UNSTRICT = [
  'oneOf',
  'allOf',
  'not',
  'if',
  'dependentRequired',
  'dependentSchemas',
  'patternProperties',
  'propertyNames',
  'unevaluatedProperties',
  'prefixItems',
  'contains',
  'uniqueItems',
  'default',
];
const SAYS_WHAT = ['type', '$ref', 'anyOf', 'enum', 'const'];

/**
 * Whether OpenAI can hold a model to a schema: its objects name all their members, and require each of them.
 * @param field what is left out where it can't
 */
export function keepsStrict(schema: JsonObject, field: string, losses: RequestLosses): boolean {
  const isKept = schema.type === 'object' && holds(schema);
  if (!isKept) losses.dropField(field);
  return isKept;
}

function holds(schema: unknown): boolean {
  if (!isObject(schema) || UNSTRICT.some((name) => Object.hasOwn(schema, name))) return false;
  if (!SAYS_WHAT.some((name) => Object.hasOwn(schema, name))) return false;
  const { type, properties, required, additionalProperties, items, anyOf, $defs, definitions } = schema;
  const members = objectOf(properties) ?? {};
  if (type === 'object' || isObject(properties) || (Array.isArray(type) && type.includes('object'))) {
    const all = new Set(listOf(required));
    if (additionalProperties !== false || !Object.keys(members).every((name) => all.has(name))) return false;
  }
  const inner = [members, objectOf($defs) ?? {}, objectOf(definitions) ?? {}].flatMap((each) => Object.values(each));
  return [...inner, ...listOf(anyOf), ...(items === undefined ? [] : [items])].every(holds);
}
