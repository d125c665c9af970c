import { ERROR_TABLE } from '../../formats/error_code.ts';

/** The part of an OpenAPI document that is written here. */
interface Document {
  components?: { schemas?: Record<string, object> };
  paths?: Record<string, object | undefined>;
}

interface Operation {
  tags?: string[];
  responses?: Record<string, Answer>;
}

interface Answer {
  description?: string;
}

/** Codes that only occur after a stream's head have this status, which no answer has. */
const NO_STATUS: readonly number[] = [499];

/** Every code of the error table, as Markdown. */
export const ERROR_CODES = [
  '<details><summary>Error codes</summary>',
  '',
  'A refusal is JSON with one of these codes, and one sentence that says what to do. After a stream has begun the same',
  'codes come as its last event.',
  '',
  '| status | code | again? | message |',
  '|---|---|---|---|',
  ...Object.entries(ERROR_TABLE).map(
    ([code, { status, retryable, message }]) =>
      `| ${NO_STATUS.includes(status) ? 'event' : status} | \`${code}\` | ${retryable ? 'yes' : 'no'} | ${message} |`,
  ),
  '',
  '</details>',
].join('\n');

const string = { type: 'string' };
const codes = { type: 'string', enum: Object.keys(ERROR_TABLE) };

/** One shape for each family of clients. */
const SHAPES = {
  Refusal: object({ error: codes, message: string, details: { type: 'object' }, thread_id: string }, ['thread_id']),
  OpenAiRefusal: object({
    error: object({ message: string, type: string, code: codes, param: { type: ['string', 'null'] } }),
  }),
  AnthropicRefusal: object({ type: { const: 'error' }, error: object({ type: string, message: string }) }),
};

/**
 * Adds to every operation what it answers when it refuses, in the shape that the clients of its path know, and the group
 * that it is shown in.
 */
export function completeDocument<Made extends Document>(document: Made): Made {
  const paths = Object.entries(document.paths ?? {}).map(([path, operations]) => [
    path,
    Object.fromEntries(Object.entries(operations ?? {}).map(([method, made]) => [method, complete(path, made)])),
  ]);
  const schemas = { ...document.components?.schemas, ...SHAPES };
  return { ...document, components: { ...document.components, schemas }, paths: Object.fromEntries(paths) };
}

function complete(path: string, operation: Operation): Operation {
  const answers = Object.entries(operation.responses ?? {}).map(([status, answer]) => [status, described(answer)]);
  const schema = { $ref: `#/components/schemas/${shapeOf(path)}` };
  const refusal = { description: 'Refused', content: { 'application/json': { schema } } };
  return { ...operation, tags: [groupOf(path)], responses: { ...Object.fromEntries(answers), default: refusal } };
}

/** The library's word for a schema that says nothing of itself. */
function described(answer: Answer): Answer {
  return answer.description === 'Default Response' ? { ...answer, description: 'The answer' } : answer;
}

function groupOf(path: string): string {
  if (path.startsWith('/v1/')) return 'Clients of OpenAI and Anthropic';
  if (path.startsWith('/api/v1/chat')) return 'The AI SDK';
  return path.startsWith('/api/v1/stream') ? 'Streams' : 'This deployment';
}

function shapeOf(path: string): keyof typeof SHAPES {
  if (path.startsWith('/v1/messages')) return 'AnthropicRefusal';
  return path.startsWith('/v1/') ? 'OpenAiRefusal' : 'Refusal';
}

function object(properties: Record<string, object>, optional: string[] = []): object {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required };
}
