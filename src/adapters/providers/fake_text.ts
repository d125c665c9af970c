/** Readable prose that also exercises the path: accents, CJK, joined emoji, line breaks, line separators. */
const SENTENCES = [
  'The river does not hurry, and yet each drop arrives.',
  'A weir holds back the flood, so that the mill below may turn in peace.',
  'Über den Dächern liegt der Morgen, süß und kühl wie frisches Brot.',
  'Le café était déjà fermé quand l’élève est arrivé, trempé de pluie.',
  '流れる水は腐らず、という古い言葉がある。',
  '千里之行，始于足下；慢慢走，也会到。',
  'The family 👨‍👩‍👧‍👦 waved from the bridge 🌉 and the boat answered 🚣🏽‍♀️.',
  'Nine streams run side by side,\nand the tenth waits at the gate.',
  'Measure twice, cut once; then measure what you cut.\n\n',
  'Señor Núñez contó ocho garzas y un pato muy pequeño.',
  'Каждая капля знает дорогу к морю.',
  'Latency is a promise: first word soon, last word never late.',
  'One line ends here\u2028and another goes on, as quietly as before.',
  'Counting tokens is like counting rain: begin, and it is already more.',
];

/** Words with the space before them; a longer run without spaces is cut, as tokenisers do, between characters. */
const TOKEN = /\s*\S{1,8}|\s+$/gu;

/** Cuts a text into tokens; joined they are the text again. */
export function tokenize(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

/** The first so many sentences. */
const ENGLISH = 2;

const TOKENIZED = SENTENCES.map((sentence) => tokenize(`${sentence} `));

/** Endless tokens: the same seed and prompt give the same. */
export function fakeTokens(seed: number, prompt: string): Generator<string, never> {
  let state = seed >>> 0;
  for (let at = 0; at < prompt.length; at += 1) state = Math.imul(state ^ prompt.charCodeAt(at), 0x01000193) >>> 0;
  return tokensFrom(state);
}

/** Apart from the prompt, which would be held for as long as tokens are drawn. */
function* tokensFrom(seed: number): Generator<string, never> {
  let state = seed;
  // The first words a newcomer sees are English; what comes then may be in any script.
  for (let choice = ENGLISH; ; choice = TOKENIZED.length) {
    state = nextRandom(state);
    yield* TOKENIZED[state % choice] as string[];
  }
}

/** xorshift32 (Marsaglia, 2003). */
export function nextRandom(state: number): number {
  let x = state || 0x9e3779b9;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return x >>> 0;
}
