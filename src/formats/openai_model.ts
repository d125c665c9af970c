/** What is known of OpenAI's models by their names: they take fields that others refuse, and refuse some of others. */
export interface OpenAiModel {
  /** Whether it is one of OpenAI's own. */
  isOwn: boolean;
  /** Whether it takes an effort, and can seal its reasoning. */
  reasons: boolean;
  /** Whether chat calls its limit `max_completion_tokens`. */
  completes: boolean;
  /** The efforts that it takes. */
  efforts: readonly string[];
  /** With which efforts it takes temperature and `top_p`; undefined stands for a request that asks for none. */
  samples: readonly (string | undefined)[] | 'always';
}

const LOW_TO_HIGH = ['low', 'medium', 'high'];
const LOW_TO_XHIGH = [...LOW_TO_HIGH, 'xhigh'];
const RESTS = { efforts: ['none', ...LOW_TO_HIGH], samples: ['none', undefined] };
const REASONS = { isOwn: true, reasons: true, completes: true, efforts: LOW_TO_HIGH, samples: [] };
const TALKS: OpenAiModel = { isOwn: true, reasons: false, completes: false, efforts: [], samples: 'always' };
/** All servers that take efforts know three. */
const OTHER: OpenAiModel = { ...TALKS, isOwn: false, efforts: LOW_TO_HIGH };

/** The first that fits. A model that is newer than all of them takes what the newest are all known to take. */
const FAMILIES: readonly [name: RegExp, known: OpenAiModel][] = [
  [/^gpt-5-chat/, { ...TALKS, completes: true }],
  [/^gpt-[5-9][.\d]*-chat/, { ...TALKS, completes: true, samples: [] }],
  [/^gpt-5-pro/, { ...REASONS, efforts: ['high'] }],
  [/^gpt-5\.\d-pro/, { ...REASONS, efforts: ['medium', 'high', 'xhigh'] }],
  [/^gpt-5-codex/, REASONS],
  [/^gpt-5(-|$)/, { ...REASONS, efforts: ['minimal', ...LOW_TO_HIGH] }],
  [/^gpt-5\.1-codex-max/, { ...REASONS, efforts: LOW_TO_XHIGH }],
  [/^gpt-5\.1-codex/, REASONS],
  [/^gpt-5\.\d-codex/, { ...REASONS, efforts: LOW_TO_XHIGH }],
  [/^gpt-5\.1/, { ...REASONS, ...RESTS }],
  [/^gpt-5\.[2-4]/, { ...REASONS, ...RESTS, efforts: ['none', ...LOW_TO_XHIGH] }],
  [/^gpt-5\./, { ...REASONS, efforts: ['none', ...LOW_TO_XHIGH], samples: ['none'] }],
  [/^gpt-([6-9]|\d\d)/, { ...REASONS, efforts: LOW_TO_XHIGH }],
  [/^o1-(mini|preview)/, { ...REASONS, efforts: [] }],
  [/^o\d.*deep-research/, { ...REASONS, efforts: ['medium'] }],
  [/^(o\d|codex-)/, REASONS],
  // An `openai/gpt-oss` may run anywhere.
  [/^(gpt-(?!oss)|chatgpt)/, TALKS],
];

/** @param model also with the vendor before it, or as a tuned one is called */
export function openAiModel(model: string): OpenAiModel {
  const name = model.replace(/^openai\//, '').replace(/^ft:/, '');
  return FAMILIES.find(([family]) => family.test(name))?.[1] ?? OTHER;
}

/** OpenAI takes no longer id of a person. */
export const MAX_USER_LENGTH = 64;
/** Nor more stop sequences. */
export const MAX_STOPS = 4;
