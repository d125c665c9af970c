import type { PartParser } from './event_parser.ts';
import type { GenerationRequest, Tool } from './generation_request.ts';
import { ReaderParser } from './reader_parser.ts';
import type { RequestLosses } from './request_losses.ts';
import type { StreamPart, StreamReader } from './stream_part.ts';
import { fitsTool } from './tool_schema.ts';

/*
 * A model that can't be held to a schema can be made to call a tool with that schema: the arguments of the call are then
 * the answer.
 */

/** Clients hardly have a tool of this name. */
const ANSWER_TOOL = 'weir_json_answer';

/** A request that asks for its answer by a tool. */
export interface AskedByTool {
  request: GenerationRequest;
  /** The tool's name. */
  answerTool: string;
}

/** @returns undefined where no schema is asked for, or the model may call tools of the client, or no tool has such a schema */
export function askByTool(request: GenerationRequest, losses: RequestLosses): AskedByTool | undefined {
  const { output, tools, toolChoice } = request;
  if (output?.type !== 'schema' || (tools.length > 0 && toolChoice !== 'none')) return undefined;
  const { schema, strict } = output;
  if (!fitsTool(schema) || tools.some(({ name }) => name === ANSWER_TOOL)) return undefined;
  if (strict) losses.dropField(`${losses.name('output')}.strict`);
  const description = typeof schema.description === 'string' ? schema.description : 'Takes your answer.';
  const tool: Tool = { name: ANSWER_TOOL, description, parameters: schema };
  const asked = { toolChoice: { name: ANSWER_TOOL }, parallelToolCalls: false, output: undefined };
  return { request: { ...request, tools: [...tools, tool], ...asked }, answerTool: ANSWER_TOOL };
}

/** @param tool whose arguments are the answer; @param wantsParts whether more than text is wanted */
export function toolAnswerParser(reader: StreamReader, tool: string, wantsParts: boolean): PartParser {
  return new ReaderParser(new ToolAnswerReader(reader, tool), wantsParts);
}

/** @param parts of a whole answer; @param tool whose arguments are the answer */
export function toolAnswer(parts: readonly StreamPart[], tool: string): readonly StreamPart[] {
  const call = new AnswerCall(tool);
  return parts.flatMap((part) => call.answer(part));
}

class ToolAnswerReader implements StreamReader {
  readonly #reader: StreamReader;
  readonly #call: AnswerCall;

  constructor(reader: StreamReader, tool: string) {
    this.#reader = reader;
    this.#call = new AnswerCall(tool);
  }

  read(data: string): readonly StreamPart[] {
    return this.#reader.read(data).flatMap((part) => this.#call.answer(part));
  }

  end(): readonly StreamPart[] {
    return this.#reader.end();
  }

  get complete(): boolean {
    return this.#reader.complete;
  }

  get hasBegun(): boolean {
    return this.#reader.hasBegun;
  }

  get finishReason(): string | undefined {
    return this.#reader.finishReason;
  }
}

/** The call whose arguments are the answer. What the model says beside it is left out: the client wants JSON only. */
class AnswerCall {
  readonly #tool: string;
  #index: number | undefined;

  constructor(tool: string) {
    this.#tool = tool;
  }

  answer(part: StreamPart): StreamPart[] {
    switch (part.type) {
      case 'tool_call':
        if (part.name === this.#tool) this.#index ??= part.index;
        return [];
      case 'tool_arguments':
        return part.index === this.#index ? [{ type: 'text', text: part.json }] : [];
      case 'text':
      case 'citation':
        return [];
      case 'finish':
        return part.reason === 'tool_calls' ? [{ type: 'finish', reason: 'stop' }] : [part];
      default:
        return [part];
    }
  }
}
