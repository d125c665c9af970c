/** What a model that is asked in Anthropic's format takes, by its name. */
export interface ClaudeModel {
  isClaude: boolean;
  /** `adaptive`: it decides itself how much to think, by an effort; `budget`: it is given a number of tokens. */
  thinking: 'adaptive' | 'budget';
  /** Whether it takes temperature, `top_p` and `top_k`; newer ones refuse them. */
  samples: boolean;
  /** Whether it refuses temperature and `top_p` together. */
  samplesOneWay: boolean;
  /** Whether its answer can be held to a schema. */
  hasSchemas: boolean;
  /** How it is kept from thinking where it thinks unless it is asked not to: `omitted`, it does not; `never`, it always thinks. */
  off: 'omitted' | 'disabled' | 'between_tools' | 'never';
  /** Whether it may be made to call a tool. */
  forces: boolean;
  /** Whether it goes on with a last turn of the assistant. */
  prefills: boolean;
  /** The efforts that it knows beyond low, medium and high. */
  efforts: ReadonlySet<string>;
}

/** `claude-opus-4-7`, `claude-3-5-haiku-20241022`, `anthropic/claude-4.6-sonnet`: its version is the first number. */
const VERSION = /claude-(?:[a-z]+-)*(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?/;

/** From Claude 5 on, models think by themselves: by the name and the least version of a family, what stops them. */
const THINKERS: readonly [name: RegExp, from: number, known: Pick<ClaudeModel, 'off' | 'forces'>][] = [
  [/fable|mythos/, 5, { off: 'never', forces: false }],
  [/opus/, 5.05, { off: 'never', forces: false }],
  [/sonnet/, 5.05, { off: 'between_tools', forces: false }],
  [/opus|sonnet|haiku/, 5, { off: 'disabled', forces: true }],
  // Of others, nothing is known that all of them take.
  [/claude/, 5, { off: 'never', forces: true }],
];
const SILENT: Pick<ClaudeModel, 'off' | 'forces'> = { off: 'omitted', forces: true };

/** Models that say no version are taken for the newest; others than Claude do what older Claudes did. */
export function claudeModel(model: string): ClaudeModel {
  const isClaude = model.includes('claude');
  const [, major, minor = '0'] = VERSION.exec(model) ?? [];
  const version = major === undefined ? (isClaude ? 99 : 0) : Number(major) + Number(minor) / 100;
  return {
    isClaude,
    thinking: version >= 4.06 ? 'adaptive' : 'budget',
    samples: version < 4.07,
    samplesOneWay: version >= 4.01,
    hasSchemas: !isClaude || version >= 4.05 || /opus-4-1/.test(model),
    ...(THINKERS.find(([name, from]) => name.test(model) && version >= from)?.[2] ?? SILENT),
    prefills: version < 4.06,
    efforts: new Set(version >= 4.07 ? ['xhigh', 'max'] : version >= 4.06 ? ['max'] : []),
  };
}
