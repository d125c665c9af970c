import type { GenerationRequest } from './generation_request.ts';
import type { JsonObject } from './json_object.ts';
import type { OpenAiModel } from './openai_model.ts';
import { effortOf, nearestEffort } from './reasoning_effort.ts';
import type { RequestLosses } from './request_losses.ts';

/**
 * The effort that is written in OpenAI's formats: the nearest that the model takes. `none` is left out where it is not
 * known to be taken, but for OpenAI's own models, which then get the least that they take.
 * @param efforts that the model takes; empty where it takes none at all
 */
export function effortIn(
  { reasoning }: GenerationRequest,
  { isOwn, efforts }: Pick<OpenAiModel, 'isOwn' | 'efforts'>,
  losses: RequestLosses,
): string | undefined {
  const effort = effortOf(reasoning);
  const isTaken = efforts.length > 0 && (effort !== 'none' || isOwn || efforts.includes('none'));
  if (isTaken) return nearestEffort(effort, efforts);
  losses.drop('reasoning');
  return undefined;
}

/** Models that reason refuse sampling; it is a hint, so it is left out. 1 is what they do anyway. */
export function openAiSampling(
  { temperature, topP }: GenerationRequest,
  { samples }: OpenAiModel,
  effort: string | undefined,
  losses: RequestLosses,
): JsonObject {
  if (samples === 'always' || samples.includes(effort)) return { temperature, top_p: topP };
  if (temperature !== 1) losses.drop('temperature');
  if (topP !== 1) losses.drop('topP');
  return {};
}
