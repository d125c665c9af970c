import { WeirError } from '../../formats/error_code.ts';
import { type FieldSpan, jsonFields } from '../../formats/json_fields.ts';

const READ = new Set(['model', 'stream', 'n']);
/** What a request names its conversation by, or begins it with. */
const CONVERSATION = new Set(['prompt_cache_key', 'system', 'instructions', 'messages', 'input']);
const MAX_NAME = 200;

/** The little that a gateway has to know of a request that it passes on. */
export interface EndpointRequest {
  /** As the client wrote it. */
  model: string;
  stream: boolean;
  /** Answers wanted at once. */
  n: number;
  /** The JSON of a member that belongs to the conversation, but no more than its first `limit` bytes. */
  member(name: string, limit: number): string | undefined;
  /** The same body with another model in it; not one byte more is changed. */
  withModel(model: string): Uint8Array;
}

/** @throws WeirError invalid_json, validation_error */
export function parseEndpointRequest(body: Buffer): EndpointRequest {
  const fields = jsonFields(body.toString('latin1'), READ, CONVERSATION);
  if (!fields) throw new WeirError('invalid_json');
  const value = (name: string) => valueAt(body, fields.get(name));
  const model = value('model');
  if (typeof model !== 'string' || model === '' || model.length > MAX_NAME) {
    throw invalid('model', `must be a string of 1 to ${MAX_NAME} characters`);
  }
  const stream = value('stream') ?? false;
  if (typeof stream !== 'boolean') throw invalid('stream', 'must be true or false');
  const n = value('n') ?? 1;
  const { start, end } = fields.get('model') as FieldSpan;
  return {
    model,
    stream,
    // What is not a number is the provider's to refuse.
    n: typeof n === 'number' ? n : 1,
    member: (name, limit) => {
      const span = fields.get(name);
      return span && body.toString('utf8', span.start, Math.min(span.end, span.start + limit));
    },
    withModel: (name) => {
      if (name === model) return body;
      return Buffer.concat([body.subarray(0, start), Buffer.from(JSON.stringify(name)), body.subarray(end)]);
    },
  };
}

export function invalid(field: string, message: string): WeirError {
  return new WeirError('validation_error', {
    message: `Not valid: ${field} ${message}.`,
    details: { fields: [{ field, message }] },
  });
}

function valueAt(body: Buffer, span: FieldSpan | undefined): unknown {
  if (!span) return undefined;
  try {
    return JSON.parse(body.toString('utf8', span.start, span.end));
  } catch {
    throw new WeirError('invalid_json');
  }
}
