import type { RouteSettings } from '../../config/weir_config.ts';
import { type FindConversation, preference } from './affinity.ts';

/** One of several that could be asked. */
export interface Candidate {
  /** Stays when others come and go. */
  readonly name: string;
  /** Undefined where the configuration names none. */
  readonly weight: number | undefined;
  /** Whether it failed or refused a moment ago, so that others should be asked first. */
  isAvoided(): boolean;
  /** Streams that it answers now, as far as this instance knows. */
  inFlight(): number;
}

/** What an order may depend on. */
export interface OrderFacts {
  /** 0 to 1, without 1. */
  random: number;
  conversation: FindConversation;
}

/**
 * The order in which candidates are asked: as they stand, or with weights the first one drawn, then the others as they
 * stand; with `affinity` as the conversation prefers them; with `least_busy` those with the fewest streams for their
 * weight first.
 */
export function orderTargets<T extends Candidate>(
  candidates: readonly T[],
  order: RouteSettings['order'],
  { random, conversation: find }: OrderFacts,
): readonly T[] {
  if (candidates.length < 2) return candidates;
  if (order === undefined) return firstDrawn(candidates, random);
  if (order === 'least_busy') return leastBusyFirst(candidates, random);
  // What is part of no conversation prefers by chance.
  const conversation = find() ?? Math.floor(random * 2 ** 32);
  return sorted(candidates, ({ name, weight = 1 }) => preference(conversation, name, weight), 0);
}

/** The keys of one target: a conversation stays with one of them, and conversations are spread over all. */
export function orderKeys<T extends Candidate>(keys: readonly T[], facts: OrderFacts): readonly T[] {
  return orderTargets(keys, 'affinity', facts);
}

function firstDrawn<T extends Candidate>(candidates: readonly T[], random: number): readonly T[] {
  const total = candidates.reduce((sum, { weight = 0 }) => sum + weight, 0);
  if (total === 0) return candidates;
  let left = random * total;
  const drawn = candidates.findIndex(({ weight = 0 }) => {
    left -= weight;
    return left < 0;
  });
  const first = candidates[Math.max(0, drawn)] as T;
  return [first, ...candidates.filter((candidate) => candidate !== first)];
}

/** Each as if it had the new stream already, so that of idle ones the heaviest is first. Equal ones take turns by chance. */
function leastBusyFirst<T extends Candidate>(candidates: readonly T[], random: number): T[] {
  const start = Math.floor(random * candidates.length);
  return sorted(candidates, (each) => -(each.inFlight() + 1) / (each.weight ?? 1), start);
}

/**
 * The highest scores first, those to avoid last.
 * @param start among equal ones that have a weight, the place of the one that goes first
 */
function sorted<T extends Candidate>(candidates: readonly T[], score: (candidate: T) => number, start: number): T[] {
  const count = candidates.length;
  const all = candidates.map((candidate, at) => ({
    candidate,
    isAvoided: candidate.isAvoided(),
    score: score(candidate),
    turn: candidate.weight === 0 ? at : (at - start + count) % count,
  }));
  all.sort((a, b) => {
    if (a.isAvoided !== b.isAvoided) return a.isAvoided ? 1 : -1;
    return a.score === b.score ? a.turn - b.turn : a.score < b.score ? 1 : -1;
  });
  return all.map(({ candidate }) => candidate);
}
