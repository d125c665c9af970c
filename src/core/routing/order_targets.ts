/**
 * The order in which targets are tried: as they stand, or with weights the first one drawn, then the others as they
 * stand.
 * @param random 0 to 1, without 1
 */
export function orderTargets<T extends { weight?: number | undefined }>(
  targets: readonly T[],
  random: number,
): readonly T[] {
  const total = targets.reduce((sum, { weight = 0 }) => sum + weight, 0);
  if (total === 0) return targets;
  let left = random * total;
  const drawn = targets.findIndex(({ weight = 0 }) => {
    left -= weight;
    return left < 0;
  });
  const first = targets[Math.max(0, drawn)] as T;
  return [first, ...targets.filter((target) => target !== first)];
}
