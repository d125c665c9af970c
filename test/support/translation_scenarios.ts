import type { ClientAsk } from './official_clients.ts';

export const UPSTREAMS = ['chat', 'responses', 'messages'] as const;
const CLIENT_FORMATS = [...UPSTREAMS, 'weir'] as const;
type Upstream = (typeof UPSTREAMS)[number];
type ClientFormat = (typeof CLIENT_FORMATS)[number];

/** One kind of request and answer that each client asks of each upstream. */
export interface TranslationScenario {
  /** The mock's model, see `providers/scenarios.ts`. */
  model: string;
  /** As the page has it. */
  title: string;
  ask?: Partial<ClientAsk>;
  /** The client throws an error of its own. */
  fails?: true;
}

export const TRANSLATION_SCENARIOS: readonly TranslationScenario[] = [
  { model: 'text', title: 'text' },
  { model: 'thinking', title: 'reasoning', ask: { reasoning: true } },
  { model: 'tools', title: 'parallel tool calls, arguments in pieces', ask: { tools: true } },
  { model: 'text_and_tools', title: 'text, then a tool call', ask: { tools: true } },
  { model: 'no_arguments', title: 'a tool call without arguments', ask: { tools: true } },
  { model: 'loop', title: 'ten turns of tools with reasoning', ask: { tools: true, reasoning: true } },
  { model: 'everything', title: 'all of these in one answer', ask: { tools: true, reasoning: true } },
  { model: 'structured', title: 'structured output (JSON schema)', ask: { structured: true } },
  { model: 'refusal', title: 'refusal' },
  { model: 'length', title: 'stopped at the maximum of tokens', ask: { maxTokens: 100 } },
  { model: 'stop_sequence', title: 'stopped at a stop sequence', ask: { stop: 'three' } },
  { model: 'cached', title: 'counts of cached tokens' },
  { model: 'citation', title: 'citations' },
  { model: 'error', title: 'error of the provider in mid-stream', fails: true },
  { model: 'cut', title: 'stream that breaks off', fails: true },
];

/** What one format can't carry of another's answer, or of a request. */
export interface TranslationLoss {
  why: string;
  scenarios: readonly string[];
  clients: readonly ClientFormat[];
  upstreams: readonly Upstream[];
  /** The request is refused before it is sent, and this field is named; else the answer differs. */
  refused?: string;
  /** What the JSON of the client's final object over its own format is instead. */
  instead?: (json: string) => string;
  /** Only of this client, by its name. */
  client?: string;
}

const REFUSED = 'I can’t help with that.';

export const TRANSLATION_LOSSES: readonly TranslationLoss[] = [
  {
    why: 'Anthropic says what is cited, but not where that ends in the answer.',
    scenarios: ['citation', 'everything'],
    clients: ['chat', 'responses', 'weir'],
    upstreams: ['messages'],
    instead: (json) => json.replaceAll(/,"end(_index)?":5/g, ''),
  },
  {
    why: 'OpenAI says where the cited text is in the answer, and does not quote its source.',
    scenarios: ['citation', 'everything'],
    clients: ['messages'],
    upstreams: ['chat', 'responses'],
    instead: (json) => json.replaceAll(',"encrypted_index":"Eo8B","cited_text":"It is"', ''),
  },
  {
    why: 'Chat completions do not say which sequence stopped the answer: it is `end_turn`.',
    scenarios: ['stop_sequence'],
    clients: ['messages'],
    upstreams: ['chat'],
    instead: (json) =>
      json.replace('"stop_reason":"stop_sequence","stop_sequence":"three"', '"stop_reason":"end_turn"'),
  },
  {
    why: 'Responses have no stop sequences.',
    scenarios: ['stop_sequence'],
    clients: ['chat', 'messages'],
    upstreams: ['responses'],
    refused: 'stop',
  },
  {
    why: 'Anthropic refuses in text, and says in `stop_reason` that it did.',
    scenarios: ['refusal'],
    clients: ['chat', 'responses', 'weir'],
    upstreams: ['messages'],
    instead: (json) => {
      if (json.includes('"finish_reason":"refusal"')) return json.replace('"refusal":"I', '"text":"I');
      if (json.includes('"type":"refusal"')) {
        const text = json.replace('"type":"refusal","refusal":', '"type":"output_text","text":');
        const details = '"incomplete_details":{"reason":"content_filter"},"usage":';
        return text.replaceAll('"status":"completed"', '"status":"incomplete"').replace('"usage":', details);
      }
      const filtered = json.replace('"finish_reason":"stop"', '"finish_reason":"content_filter"');
      if (json.includes('"refusal":')) return filtered.replace('"refusal":', '"content":');
      // LangChain and the AI SDK leave out what OpenAI says in a refusal.
      if (json.includes('"usage_metadata":'))
        return filtered.replace('{"usage_metadata"', `{"content":"${REFUSED}","usage_metadata"`);
      return json.replace('{"finishReason":"stop"', `{"text":"${REFUSED}","finishReason":"content-filter"`);
    },
  },
  {
    why: 'The AI SDK’s provider for chat completions gives reasoning back without its signature. Anthropic refuses that, so the turns after a tool call are asked for without reasoning.',
    scenarios: ['loop', 'everything'],
    clients: ['chat'],
    upstreams: ['messages'],
    client: 'ai streamText, @ai-sdk/openai-compatible',
    instead: (json) => {
      const [first = '', ...others] = json.split('},{"text":');
      return [first, ...others.map((turn) => turn.replace(/"reasoningText":"[^"]*",/, ''))].join('},{"text":');
    },
  },
];

/**
 * Whether the answer comes without being asked for: requests of `/api/v1/stream` have no field for it, and providers say it
 * none the less, as models that always reason do.
 */
export function isUnasked(client: ClientFormat, { ask }: TranslationScenario): boolean {
  return client === 'weir' && (ask?.tools === true || ask?.reasoning === true);
}

/** Whether a format's request has a field for what the scenario asks, or its client can read it unasked. */
export function canAsk(client: ClientFormat, { ask, model }: TranslationScenario): boolean {
  if (client === 'weir') return model !== 'loop' && !ask?.structured && !ask?.stop;
  return client !== 'responses' || !ask?.stop;
}

export function lossesOf(format: ClientFormat, upstream: Upstream, { model }: TranslationScenario): TranslationLoss[] {
  // Its client has no second turn, which is the one that cites.
  if (format === 'weir' && model === 'everything') return [];
  return TRANSLATION_LOSSES.filter(
    ({ scenarios, clients, upstreams }) =>
      scenarios.includes(model) && clients.includes(format) && upstreams.includes(upstream),
  );
}

/** `docs/translation-matrix.md`. The tests of the official clients prove each of its cells. */
export function translationMatrix(): string {
  const tables = UPSTREAMS.map((upstream) => {
    const rows = TRANSLATION_SCENARIOS.map((scenario) => {
      const cells = CLIENT_FORMATS.map((client) => cellOf(client, upstream, scenario));
      return `| ${[scenario.title, ...cells].join(' | ')} |`;
    });
    const head = `| | ${CLIENT_FORMATS.map((client) => `${client} client`).join(' | ')} |\n|---|${'---|'.repeat(CLIENT_FORMATS.length)}`;
    return `## An upstream that speaks ${upstream}\n\n${head}\n${rows.join('\n')}\n`;
  });
  const notes = TRANSLATION_LOSSES.map(
    ({ why, refused }, at) =>
      `${at + 1}. ${why}${refused ? ` The request is refused with a sentence that names \`${refused}\`.` : ''}`,
  );
  notes.push(`${notes.length + 1}. ${UNASKED}`);
  return `${INTRODUCTION}\n${tables.join('\n')}\n## Notes\n\n${notes.join('\n')}\n`;
}

function cellOf(client: ClientFormat, upstream: Upstream, scenario: TranslationScenario): string {
  if (!canAsk(client, scenario)) return '–';
  if (client === upstream) return 'bytes';
  const losses = lossesOf(client, upstream, scenario);
  const unasked = isUnasked(client, scenario);
  const numbers = losses.map((loss) => TRANSLATION_LOSSES.indexOf(loss) + 1);
  const notes = (unasked ? [...numbers, TRANSLATION_LOSSES.length + 1] : numbers).join(', ');
  if (losses.some(({ refused }) => refused !== undefined)) return `refused (${notes})`;
  if (losses.length > 0) return `partly (${notes})`;
  return unasked ? `unasked (${notes})` : 'yes';
}

const UNASKED =
  'Requests of `/api/v1/stream` can’t ask for it. Where a provider says it unasked, as models do that always reason, it comes with `parts: true`.';

const INTRODUCTION = `# What is carried from format to format

A client of any format reaches an upstream of any format. Where both speak one format, Weir passes the bytes on (\`bytes\`).
Else it reads the answer into parts and writes them in the client's format, each part as it comes.

\`yes\`: the client's final object equals the one that it gets from an upstream of its own format, but for ids.
\`partly\`: it differs as the note says. \`unasked\`: the same, of answers that were not asked for it. \`refused\`: Weir refuses the request before it asks the provider. \`–\`: the client's
format has no field for it. The official clients prove each cell, against providers that answer in the shapes of the
real ones (\`test/real/translation.test.ts\`). \`npm run generate\` writes this page.
`;
