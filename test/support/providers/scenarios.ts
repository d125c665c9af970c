import type { ScriptedAnswer, ScriptedRefusal } from './scripted_answer.ts';

/** Turns of the loop with tools, the last of which is text. */
export const LOOP_TURNS = 10;

const usage = { input: 20, output: 9 };
const say = (...pieces: string[]) => ({ say: pieces });
const answer = (...steps: ScriptedAnswer['steps']): ScriptedAnswer => ({ steps, end: 'stop', usage });

const weather = (id: string) => ({ id, name: 'weather', json: ['{"ci', 'ty":"Zü', 'rich"}'] });
const time = (id: string) => ({ id, name: 'time', json: ['{"zone":', '"Europe/Zurich"}'] });

/** What the mock of providers answers, by the name of a model, from turn to turn of a loop with tools. */
export const ANSWERS: Readonly<Record<string, (turn: number) => ScriptedAnswer>> = {
  text: () => answer(say('Grüße, ', '流れる\n水 ', '👨‍👩‍👧‍👦')),
  thinking: () => ({
    ...answer({ think: ['Let me ', 'think.'], seal: 'a' }, say('It is ', '42.')),
    usage: { ...usage, reasoning: 5 },
  }),
  tools: (turn) => (turn === 0 ? answer({ calls: [weather('w'), time('t')] }) : answer(say('It rains ', 'at noon.'))),
  text_and_tools: (turn) =>
    turn === 0 ? answer(say('I look ', 'it up.'), { calls: [weather('w')] }) : answer(say('It rains.')),
  no_arguments: (turn) =>
    turn === 0 ? answer({ calls: [{ id: 'n', name: 'now', json: ['{}'] }] }) : answer(say('Noon.')),
  refusal: () => answer({ refuse: ['I can’t ', 'help with that.'] }),
  length: () => ({ ...answer(say('Half an ', 'answer')), end: 'length' }),
  stop_sequence: () => ({ ...answer(say('One ', 'two ')), end: 'stop_sequence' }),
  cached: () => ({ ...answer(say('Quick.')), usage: { input: 1000, output: 2, cached: 900, written: 50 } }),
  citation: () => answer(say('It is ', 'so.'), { cite: { url: 'https://example.com/a', title: 'A' } }),
  structured: () => answer(say('{"city":', '"Zürich",', '"degrees":21}')),
  error: () => ({ ...answer(say('Half ', 'an ')), end: 'error' }),
  cut: () => ({ ...answer(say('Half ', 'an ')), end: 'cut' }),
  loop: (turn) =>
    turn === LOOP_TURNS - 1
      ? answer({ think: ['Now I ', 'know.'], seal: `l${turn}` }, say('Sunny ', 'everywhere.'))
      : answer({ think: [`Step ${turn}: `, 'ask again.'], seal: `l${turn}` }, say(`I ask, ${turn}. `), {
          calls: [weather(`w${turn}`), ...(turn % 2 === 0 ? [time(`t${turn}`)] : [])],
        }),
  everything: (turn) => ({
    ...(turn === 0
      ? answer({ think: ['First I ', 'think.'], seal: 'e0' }, say('I look ', 'it up: ', '水'), {
          calls: [weather('w'), time('t')],
        })
      : answer({ think: ['Both ', 'are there.'], seal: 'e1' }, say('It rains, ', 'at noon.'), {
          cite: { url: 'https://example.com/rain', title: 'Rain' },
        })),
    usage: { input: 1000 + turn, output: 60, cached: 900, written: 50, reasoning: 30 },
  }),
  /** Of a tool whose argument is no JSON where the client calls it so. */
  patch: () =>
    answer({ think: ['It is ', 'a 2.'], seal: 'p' }, say('I change it.'), {
      calls: [
        { id: 'p', name: 'apply_patch', json: ['{"input":"*** Begin ', 'Patch\\n+\\"2\\', '"\\n*** End Patch\\n"}'] },
      ],
    }),
  gaps: () =>
    answer({ think: ['piece0 ', 'piece1 '], seal: 'g' }, say('piece2 ', 'piece3 '), {
      calls: [
        { id: 'g0', name: 'weather', json: ['{"city":"piece4 ', 'piece5"}'] },
        { id: 'g1', name: 'time', json: ['{"zone":"piece6 ', 'piece7"}'] },
      ],
    }),
};

/** What the body of a request has, whatever its format, where the answer is of any use. */
export const ASKED: Readonly<Record<string, RegExp>> = {
  thinking: /"(thinking|reasoning|reasoning_effort)":/,
  tools: /"weather"/,
  text_and_tools: /"weather"/,
  no_arguments: /"now"/,
  loop: /"weather"/,
  everything: /"tools":/,
  structured: /"required":\["city"\]/,
  length: /"max_(output_|completion_)?tokens":100\b/,
  stop_sequence: /"three"/,
};

/** Refusals before the answer, by the name of a model. */
export const REFUSALS: Readonly<Record<string, ScriptedRefusal>> = {
  refused_400: { status: 400, message: 'The prompt is too long: 250000 tokens > 200000 maximum.' },
  refused_401: { status: 401, message: 'The API key is not valid.' },
  refused_429: { status: 429, message: 'This request would exceed your rate limit.' },
  refused_529: { status: 529, message: 'Overloaded' },
};
