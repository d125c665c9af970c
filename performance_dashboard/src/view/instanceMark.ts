export interface InstanceMark {
  letter: string;
  /** A CSS custom property. */
  property: string;
  /** Its value, for a style. */
  colour: string;
}

/** Colours repeat from the seventh instance on, letters from the 27th: not both at once. */
const COLOURS = 6;
const LETTERS = 26;
const UNKNOWN = mark('–', '--muted');

/**
 * Letter and colour of an instance, from its name alone: they stay the same on every screen, whichever others are there.
 * app-1 is A, app-2 is B; other names get what their characters come to.
 * @param id null where no instance is known
 */
export function instanceMark(id: string | null): InstanceMark {
  if (id === null || id === '' || id === '?') return UNKNOWN;
  const number = Number(/^app-([1-9]\d{0,5})$/.exec(id)?.[1] ?? 0);
  const place = number > 0 ? number - 1 : hashOf(id);
  return mark(String.fromCharCode(65 + (place % LETTERS)), `--instance-${(place % COLOURS) + 1}`);
}

function mark(letter: string, property: string): InstanceMark {
  return { letter, property, colour: `var(${property})` };
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
}
