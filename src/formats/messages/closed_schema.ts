import { isObject, type JsonObject } from '../json_object.ts';
import { described } from '../tool_schema.ts';

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
  'minProperties',
  'maxProperties',
  'propertyNames',
  'patternProperties',
  'unevaluatedProperties',
  'dependentRequired',
  'dependentSchemas',
  'prefixItems',
  'unevaluatedItems',
  'contains',
  'minContains',
  'maxContains',
  'not',
  'if',
  'then',
  'else',
  'discriminator',
]);
/** Members whose values are schemas by name. */
const NAMED = new Set(['properties', '$defs', 'definitions']);
/** Members that hold values, not schemas. */
const VALUES = new Set(['enum', 'const', 'default', 'examples', 'required']);

/** Members that may name an object's members in its place. */
const ELSEWHERE = ['anyOf', 'oneOf', 'allOf', '$ref', 'enum', 'const'];

/**
 * A schema as Anthropic takes it for answers: objects have no members that it does not name, and what can't be held to
 * is said in the description. What fits it fits the schema that it was made of, but for those rules.
 * @param refuseMap is called for an object that has no names for its members: its answer could only be empty
 */
export function closedSchema(schema: JsonObject, refuseMap: () => void): JsonObject {
  const closed: JsonObject = {};
  const rules: string[] = [];
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'oneOf' && schema.anyOf === undefined) closed.anyOf = closedValue(name, value, refuseMap);
    else if (RULES.has(name) || name === 'oneOf' || (name === 'minItems' && value !== 0 && value !== 1))
      rules.push(`${name}: ${JSON.stringify(value)}`);
    else closed[name] = VALUES.has(name) ? value : closedValue(name, value, refuseMap);
  }
  const { type, properties } = schema;
  if (type === 'object' || isObject(properties) || (Array.isArray(type) && type.includes('object'))) {
    if (isMap(schema)) refuseMap();
    closed.additionalProperties = false;
  }
  return described(closed, rules);
}

function isMap({ properties, additionalProperties, patternProperties, ...schema }: JsonObject): boolean {
  if (isObject(additionalProperties) || patternProperties !== undefined) return true;
  const isSaidElsewhere = ELSEWHERE.some((name) => schema[name] !== undefined);
  return properties === undefined && additionalProperties !== false && !isSaidElsewhere;
}

function closedValue(name: string, value: unknown, refuseMap: () => void): unknown {
  const inner = (entry: unknown) => (isObject(entry) ? closedSchema(entry, refuseMap) : entry);
  if (Array.isArray(value)) return value.map(inner);
  if (!isObject(value)) return value;
  if (!NAMED.has(name)) return name === 'additionalProperties' ? value : inner(value);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, inner(entry)]));
}
