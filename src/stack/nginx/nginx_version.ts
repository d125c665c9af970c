/** Whether `version` (such as `1.22.1`) is at least `wanted`; anything that isn't a version counts as old. */
export function isAtLeast(version: string, wanted: string): boolean {
  const have = version.split('.').map(Number);
  for (const [index, part] of wanted.split('.').map(Number).entries()) {
    const own = have[index] ?? 0;
    if (Number.isNaN(own) || own < part) return false;
    if (own > part) return true;
  }
  return true;
}

/** `nginx version: nginx/1.22.1` → `1.22.1`; undefined when the text names none. */
export function parseNginxVersion(output: string): string | undefined {
  return /nginx\/(\d+\.\d+\.\d+)/.exec(output)?.[1];
}
