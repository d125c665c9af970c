import type { JsonObject } from '../../../src/formats/json_object.ts';

/** One step of an answer, in the terms of no format. Pieces are sent in one event each. */
export type AnswerStep =
  /** Sent only where the request asks for reasoning. `seal` names what the provider wants back with it. */
  | { think: readonly string[]; seal?: string }
  | { say: readonly string[] }
  | { refuse: readonly string[] }
  | { cite: { url: string; title: string } }
  /** Calls of tools, one after the other, as providers send them. */
  | { calls: readonly ScriptedCall[] };

interface ScriptedCall {
  id: string;
  name: string;
  json: readonly string[];
}

/** What a provider answers; each writes it in its own format. */
export interface ScriptedAnswer {
  steps: readonly AnswerStep[];
  end: 'stop' | 'length' | 'stop_sequence' | 'error' | 'cut';
  usage: { input: number; output: number; cached?: number; written?: number; reasoning?: number };
}

/** One write to the socket; a `piece` brings something of the answer. */
export interface Frame {
  text: string;
  piece: boolean;
}

/** A refusal before the answer, by status, as the providers word it. */
export interface ScriptedRefusal {
  status: 400 | 401 | 404 | 429 | 500 | 529;
  message: string;
}

/** What a provider of one format knows. */
export interface ProviderFormat {
  /** @returns why the real provider refuses this request, in its words; undefined where it takes it */
  refuses(body: JsonObject, seals: Seals): string | undefined;
  /** How many results of tools the request brings, in turns. */
  turn(body: JsonObject): number;
  frames(answer: ScriptedAnswer, body: JsonObject, seals: Seals): Frame[];
  whole(answer: ScriptedAnswer, body: JsonObject, seals: Seals): object;
  errorBody(refusal: ScriptedRefusal): object;
}

/**
 * What a provider gave with its reasoning and wants back unchanged: by what it gave, the text that it was given with.
 */
export class Seals {
  readonly #given = new Map<string, string>();

  give(seal: string, text: string): string {
    this.#given.set(seal, text);
    return seal;
  }

  /** The text that was given with it; undefined where it never was. */
  textOf(seal: unknown): string | undefined {
    return typeof seal === 'string' ? this.#given.get(seal) : undefined;
  }
}

export const asksToReason = (value: unknown): boolean => value !== undefined && value !== null && value !== 'none';

/** The arguments of a call, put together. */
export const argumentsOf = ({ json }: ScriptedCall): string => json.join('');

export const callsOf = ({ steps }: ScriptedAnswer): ScriptedCall[] =>
  steps.flatMap((step) => ('calls' in step ? step.calls : []));
