import type { WriteTarget } from '../format.ts';
import { type OpenAiModel, openAiModel } from '../openai_model.ts';

/** What a server of chat completions takes beyond what all of them do. */
export interface ChatAbilities {
  /** Whether the model is one of OpenAI's own. */
  isOwn: boolean;
  openAi: OpenAiModel;
  /** The efforts that it takes; empty where it takes none. */
  efforts: readonly string[];
  /** Where it reads reasoning that it gave as text; undefined: nowhere. Strict servers refuse a field that they don't know. */
  reasoningField: 'reasoning' | 'reasoning_content' | undefined;
  /** It refuses tool calls without reasoning, even if the client has lost it. */
  wantsReasoning: boolean;
  /** OpenRouter's list of reasoning, also with seals that may be Anthropic's or OpenAI's. */
  readsDetails: boolean;
  /** Signatures of tool calls, which Gemini gives in a place of its own. */
  readsSignatures: boolean;
  /** It refuses a first call without one, even if the client has lost it. */
  wantsSignatures: boolean;
  /** Marks for Anthropic's cache. */
  readsCache: boolean;
  /** OpenAI's part for a refusal; others get it as text. */
  readsRefusals: boolean;
}

/** What is known of servers, by their name or address; all of them serve models of many makers. */
const SERVERS: readonly [server: RegExp, known: Pick<ChatAbilities, 'readsDetails' | 'reasoningField'>][] = [
  [/openrouter|ai-gateway\.vercel/, { readsDetails: true, reasoningField: 'reasoning' }],
  [/minimax/, { readsDetails: true, reasoningField: 'reasoning_content' }],
  [/groq|cerebras|mistral|googleapis|api\.openai\.com/, { readsDetails: false, reasoningField: undefined }],
  [/vllm|ollama/, { readsDetails: false, reasoningField: 'reasoning' }],
  [/sglang|llama\.cpp|lmstudio/, { readsDetails: false, reasoningField: 'reasoning_content' }],
];

/** Models that read their reasoning wherever they run, and those that refuse calls without it. */
const READS_REASONING = /deepseek|kimi|glm|qwen|minimax/i;
const WANTS_REASONING = /deepseek|kimi-k(2[.p-]?([5-9]|thinking)|[3-9])/i;

/** Gemini 3 and later; some names have no version, and mean the latest. */
const WANTS_SIGNATURES = /gemini-(?![12]\b)/;

/** Families of models that do not reason: their servers may refuse an effort. */
const UNREASONING = /(llama|mixtral|mistral-(?!medium|small)|ministral|codestral|pixtral|gemma|phi-)/i;

/** Efforts beyond the three that all servers know, by server and model. */
const EFFORTS: readonly [target: RegExp, more: readonly string[]][] = [
  [/openrouter|ai-gateway\.vercel/, ['none', 'minimal', 'xhigh']],
  [/gemini-2\.5-flash/, ['none']],
  [/groq\S* \S*qwen/, ['none']],
  [/claude/, ['minimal', 'xhigh', 'max']],
  [/deepseek/, ['max']],
];

/** What was found for a target: to look for it costs more than to write most requests. */
const found = new Map<string, ChatAbilities>();
/** Clients choose the names of models. */
const MAX_FOUND = 1_000;

export function chatAbilities(target: Pick<WriteTarget, 'provider' | 'server' | 'model'>): ChatAbilities {
  const key = `${target.provider}\n${target.server}\n${target.model}`;
  let abilities = found.get(key);
  if (!abilities) {
    abilities = findAbilities(target);
    if (found.size === MAX_FOUND) found.clear();
    found.set(key, abilities);
  }
  return abilities;
}

function findAbilities({ provider, server = '', model }: Pick<WriteTarget, 'provider' | 'server' | 'model'>) {
  const openAi = openAiModel(model);
  const { isOwn, efforts } = openAi;
  const isClaude = model.includes('claude');
  const where = `${provider}/${server}`.toLowerCase();
  const known = SERVERS.find(([name]) => name.test(where))?.[1];
  const more = EFFORTS.filter(([target]) => target.test(`${where} ${model}`)).flatMap(([, each]) => each);
  const readsText = !isOwn && !isClaude && !/mistral|magistral|codestral|devstral/.test(model);
  const readsDetails = known?.readsDetails ?? false;
  const readsSignatures = model.includes('gemini') && !readsDetails;
  const byModel = READS_REASONING.test(model) ? 'reasoning_content' : undefined;
  const abilities: ChatAbilities = {
    isOwn,
    openAi,
    efforts: isOwn ? efforts : UNREASONING.test(model) ? [] : [...efforts, ...more],
    reasoningField: readsText ? (known ? known.reasoningField : byModel) : undefined,
    wantsReasoning: WANTS_REASONING.test(model),
    readsDetails,
    readsSignatures,
    wantsSignatures: readsSignatures && WANTS_SIGNATURES.test(model),
    readsCache: isClaude,
    readsRefusals: isOwn,
  };
  return abilities;
}
