/** Whose manners a server has: how the key is sent, and what its paths are called. */
export const PROTOCOLS = ['openai', 'anthropic'] as const;

/** Formats of others, as clients and upstreams speak them. */
export const API_FORMATS = ['chat', 'responses', 'embeddings', 'messages'] as const;
export type ApiFormat = (typeof API_FORMATS)[number];

/**
 * How a server goes on with an answer that it, or another call, has begun. `prefix`: from a last assistant message
 * marked `prefix: true`; `prefix_echo`: the same, and it says that message again first; `continue_final_message`: as
 * vLLM does; `responses`: resumable streams run in the background of OpenAI's Responses API, and are read again.
 */
export const CONTINUATIONS = ['none', 'prefix', 'prefix_echo', 'continue_final_message', 'responses'] as const;
export type Continuation = (typeof CONTINUATIONS)[number];

/** What is known of a provider before anybody configures it. */
export interface ProviderPreset {
  protocol: (typeof PROTOCOLS)[number];
  base_url: string;
  /** Where its key usually is; undefined where the server wants none. */
  api_key_env: string | undefined;
  speaks: readonly ApiFormat[];
  continuation: Continuation;
}

/** Addresses and abilities as the providers' own documentation gives them; everything can be set otherwise. */
export const PROVIDER_PRESETS = {
  openai: cloud('https://api.openai.com/v1', 'OPENAI_API_KEY', ['chat', 'responses', 'embeddings']),
  anthropic: {
    protocol: 'anthropic',
    base_url: 'https://api.anthropic.com',
    api_key_env: 'ANTHROPIC_API_KEY',
    speaks: ['messages'],
    continuation: 'none',
  },
  gemini: cloud('https://generativelanguage.googleapis.com/v1beta/openai', 'GEMINI_API_KEY', ['chat', 'embeddings']),
  // Its prefix is a feature of https://api.deepseek.com/beta.
  deepseek: cloud('https://api.deepseek.com/v1', 'DEEPSEEK_API_KEY', ['chat']),
  mistral: cloud('https://api.mistral.ai/v1', 'MISTRAL_API_KEY', ['chat', 'embeddings'], 'prefix_echo'),
  groq: cloud('https://api.groq.com/openai/v1', 'GROQ_API_KEY', ['chat', 'responses']),
  openrouter: cloud('https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY', ['chat', 'embeddings']),
  together: cloud('https://api.together.xyz/v1', 'TOGETHER_API_KEY', ['chat', 'embeddings']),
  fireworks: cloud('https://api.fireworks.ai/inference/v1', 'FIREWORKS_API_KEY', ['chat', 'responses', 'embeddings']),
  cerebras: cloud('https://api.cerebras.ai/v1', 'CEREBRAS_API_KEY', ['chat']),
  xai: cloud('https://api.x.ai/v1', 'XAI_API_KEY', ['chat', 'responses']),
  cohere: cloud('https://api.cohere.ai/compatibility/v1', 'COHERE_API_KEY', ['chat', 'embeddings']),
  // Its chat completions have no version in their path.
  perplexity: cloud('https://api.perplexity.ai', 'PERPLEXITY_API_KEY', ['chat']),
  nvidia: cloud('https://integrate.api.nvidia.com/v1', 'NVIDIA_API_KEY', ['chat', 'embeddings']),
  sambanova: cloud('https://api.sambanova.ai/v1', 'SAMBANOVA_API_KEY', ['chat', 'embeddings']),
  ollama: own('http://127.0.0.1:11434/v1', ['chat', 'embeddings']),
  vllm: own('http://127.0.0.1:8000/v1', ['chat', 'responses', 'embeddings'], 'continue_final_message'),
  'llama.cpp': own('http://127.0.0.1:8080/v1', ['chat', 'embeddings']),
  lmstudio: own('http://127.0.0.1:1234/v1', ['chat', 'responses', 'embeddings']),
  sglang: own('http://127.0.0.1:30000/v1', ['chat', 'embeddings', 'messages']),
  tgi: own('http://127.0.0.1:8080/v1', ['chat']),
  // Its own key, where it wants one, is the operator's to name.
  litellm: own('http://127.0.0.1:4000/v1', ['chat', 'responses', 'embeddings', 'messages']),
} as const satisfies Record<string, ProviderPreset>;

export type PresetName = keyof typeof PROVIDER_PRESETS;

function cloud(
  base_url: string,
  api_key_env: string,
  speaks: ProviderPreset['speaks'],
  continuation: Continuation = 'none',
): ProviderPreset {
  return { protocol: 'openai', base_url, api_key_env, speaks, continuation };
}

function own(base_url: string, speaks: ProviderPreset['speaks'], continuation: Continuation = 'none'): ProviderPreset {
  return { protocol: 'openai', base_url, api_key_env: undefined, speaks, continuation };
}
