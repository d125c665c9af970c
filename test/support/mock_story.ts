/** A text that is the same whenever it is told, and different at each place: `story-<pieces>x<per second>`. */
export interface Story {
  pieces: readonly string[];
  text: string;
  /** 0: at once. */
  perSecond: number;
}

/** Undefined for any other model. */
export function storyOf(model: string | undefined): Story | undefined {
  const [, count, perSecond] = /^story-(\d+)x(\d+)/.exec(model ?? '') ?? [];
  if (count === undefined) return undefined;
  const pieces = Array.from({ length: Number(count) }, (_, at) => `${at % 7 === 0 ? 'Wörter 水' : 'words'} ${at}. `);
  return { pieces, text: pieces.join(''), perSecond: Number(perSecond) };
}

/** What a server that continues given text says next; the whole story where it was given none. */
export function restOfStory({ pieces, text }: Story, given: string): readonly string[] {
  if (!text.startsWith(given)) throw new Error(`not a beginning of the story: ${JSON.stringify(given)}`);
  const rest: string[] = [];
  let at = 0;
  for (const piece of pieces) {
    at += piece.length;
    if (at > given.length) rest.push(piece.slice(Math.max(0, piece.length - (at - given.length))));
  }
  return rest;
}
