import type { Tool } from './generation_request.ts';
import { type JsonObject, objectOf, parseObject, textOf } from './json_object.ts';

/** The one argument of a function that stands for a tool whose input is text and no JSON. */
export const CUSTOM_INPUT = 'input';

/**
 * OpenAI's custom tools take free text, perhaps by a grammar. Other formats have functions only: one with one argument.
 * @param custom `{name, description?, format?}`
 */
export function customTool(custom: JsonObject): Tool {
  const { type, grammar, definition, syntax } = objectOf(custom.format) ?? {};
  const rules = objectOf(grammar) ?? { definition, syntax };
  const described = textOf(custom.description);
  const rule =
    type === 'grammar'
      ? `The input must follow this ${textOf(rules.syntax)} grammar:\n${textOf(rules.definition)}`
      : '';
  const description = [described, rule].filter((text) => text !== '').join('\n\n');
  return {
    name: textOf(custom.name),
    ...(description === '' ? {} : { description }),
    parameters: {
      type: 'object',
      properties: { [CUSTOM_INPUT]: { type: 'string', description: 'The whole input of the tool, as plain text.' } },
      required: [CUSTOM_INPUT],
      additionalProperties: false,
    },
  };
}

/** @returns the arguments of the function that stands for a custom tool, as JSON */
export function customArguments(input: unknown): string {
  return JSON.stringify({ [CUSTOM_INPUT]: textOf(input) });
}

/** Arguments as they are written where they must be an object; the answers' writer has the same word. */
const INVALID = '_invalid_json';

/** @param json arguments of a call, as a model wrote them: perhaps nothing, perhaps no JSON */
export function argumentsObject(json: string): JsonObject {
  if (json.trim() === '') return {};
  return parseObject(json) ?? { [INVALID]: json };
}

/** The other way. */
export function argumentsJson(input: unknown): string {
  const invalid = objectOf(input)?.[INVALID];
  return typeof invalid === 'string' ? invalid : JSON.stringify(input ?? {});
}
