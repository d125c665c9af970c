export interface InstanceMark {
  letter: string;
  /** A CSS custom property. */
  property: string;
  /** Its value, for a style. */
  colour: string;
}

/** Colours repeat from the seventh instance, letters from the 27th, so pairs repeat late. */
const COLOURS = 6;
const LETTERS = 26;
const UNKNOWN = mark('–', '--muted');

/**
 * Letter and colour of an instance. They depend on its name only, so they are the same on every screen: app-1 is A,
 * app-2 is B; other names are hashed.
 * @param id null if no instance is known
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
