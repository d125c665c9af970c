import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OFFICIAL_CLIENTS, type OfficialClient, withoutNames } from '../support/official_clients.ts';
import { mockModel, type UpstreamFormat } from '../support/providers/mock_providers.ts';
import { startTranslationGateway, type TranslationGateway } from '../support/translation_gateway.ts';
import {
  canAsk,
  isUnasked,
  lossesOf,
  TRANSLATION_LOSSES,
  TRANSLATION_SCENARIOS,
  type TranslationScenario,
  UPSTREAMS,
} from '../support/translation_scenarios.ts';

/** The long form asks everything of every cell; the short one what has most in it, and the loop in two of them. */
const IS_LONG = process.env.WEIR_TEST_LONG === '1';
const LOOPS = ['@anthropic-ai/sdk messages.stream over chat', 'openai responses.stream over messages'];

let gateway: TranslationGateway;
beforeAll(async () => {
  gateway = await startTranslationGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const ran = (client: OfficialClient, upstream: UpstreamFormat, scenario: TranslationScenario) => {
  const { model, ask } = scenario;
  const answer = isUnasked(client.format, scenario) ? `${model}_unasked` : model;
  return client.run({ url: gateway.url, model: mockModel(upstream, answer), ...ask });
};

/** What a client gets from an upstream of its own format; no provider speaks Weir's. */
const own = new Map<string, Promise<unknown>>();
function ownFinals(client: OfficialClient, scenario: TranslationScenario): Promise<unknown> {
  const upstream = client.format === 'weir' ? 'chat' : client.format;
  const key = `${client.name} ${scenario.model}`;
  const known = own.get(key) ?? ran(client, upstream, scenario).then(withoutNames);
  own.set(key, known);
  return known;
}

const cells = OFFICIAL_CLIENTS.flatMap((client) =>
  UPSTREAMS.filter((upstream) => upstream !== client.format).map((upstream) => ({
    client,
    upstream,
    name: client.name,
  })),
);

describe.each(cells)('$name over $upstream', ({ client, upstream, name }) => {
  const isAsked = ({ model }: TranslationScenario) =>
    IS_LONG ||
    model === 'everything' ||
    (model === 'citation' && client.format === 'weir') ||
    (model === 'loop' && LOOPS.includes(`${name} over ${upstream}`));
  const scenarios = TRANSLATION_SCENARIOS.filter((scenario) => canAsk(client.format, scenario) && isAsked(scenario));

  it.each(scenarios.filter(({ fails }) => !fails))('$title', async (scenario) => {
    const losses = lossesOf(client.format, upstream, scenario).filter((loss) => (loss.client ?? name) === name);
    const refused = losses.find((loss) => loss.refused)?.refused;
    if (refused !== undefined) {
      const words = new RegExp(`${refused}.*${upstream}|${upstream}.*${refused}`);
      await expect(ran(client, upstream, scenario)).rejects.toThrow(words);
      return;
    }
    let expected = JSON.stringify(await ownFinals(client, scenario));
    for (const { instead } of losses) expected = instead?.(expected) ?? expected;
    const finals = withoutNames(await ran(client, upstream, scenario));
    expect(finals).toEqual(JSON.parse(expected));
    if (isUnasked(client.format, scenario) && scenario.ask?.reasoning) expect(expected).toContain('think.');
  });

  it.each(scenarios.filter(({ fails }) => fails))('$title: the client throws', async (scenario) => {
    await expect(ran(client, upstream, scenario)).rejects.toThrow();
  });
});

describe.runIf(IS_LONG)('what is written down as lost', () => {
  it.each(TRANSLATION_LOSSES.filter(({ instead }) => instead))('is lost: $why', async (loss) => {
    for (const format of loss.clients) {
      const client = OFFICIAL_CLIENTS.find(
        (each) => each.format === format && (loss.client ?? each.name) === each.name,
      )!;
      const asked = TRANSLATION_SCENARIOS.filter(
        (scenario) => lossesOf(format, loss.upstreams[0]!, scenario).includes(loss) && canAsk(format, scenario),
      );
      for (const scenario of asked) {
        const finals = JSON.stringify(await ownFinals(client, scenario));
        expect(loss.instead!(finals)).not.toBe(finals);
      }
    }
  });
});
