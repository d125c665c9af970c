import type { ModelsView } from '../api.ts';

type Provider = ModelsView['providers'][number];
export type Route = ModelsView['routes'][number];

/** What was chosen in a form. */
export interface ModelChoice {
  /** Empty: the first that there is. */
  provider: string;
  /** Counts before the provider; empty: none. */
  route: string;
  /** Of the provider; empty: its first. */
  model: string;
}

/** What that comes to. */
export interface ChosenModel {
  providers: Provider[];
  routes: Route[];
  /** Undefined where a route is chosen: whoever is on it answers. */
  provider: Provider | undefined;
  route: Route | undefined;
  /** As a request names it. */
  model: string;
}

/** While the list is not there, the provider that every deployment has. */
const FALLBACK: Provider = { name: 'fake', usable: true, speaks: ['chat'], models: ['demo'], any_model: true };

/** @param view undefined while it is not known */
export function chooseModel(view: ModelsView | undefined, choice: ModelChoice): ChosenModel {
  const providers = fakeFirst(view?.providers.filter(answersStreams) ?? [FALLBACK]);
  const routes = (view?.routes ?? []).filter(answersStreams);
  const route = routes.find(({ name }) => name === choice.route);
  if (route) return { providers, routes, provider: undefined, route, model: route.name };
  const provider = providers.find(({ name }) => name === choice.provider) ?? providers[0] ?? FALLBACK;
  const model = choice.model || (provider.models[0] ?? (provider.any_model ? 'demo' : ''));
  return { providers, routes, provider, route, model };
}

/** The page asks for streams of `/api/v1/stream`, which are chat. */
function answersStreams({ speaks }: Provider | Route): boolean {
  return speaks.includes('chat');
}

/** `fake` costs nothing, so it stands first whatever the default is. */
function fakeFirst(providers: Provider[]): Provider[] {
  return [...providers].sort((a, b) => Number(b.name === 'fake') - Number(a.name === 'fake'));
}

/** Who answers on a route, for people. */
export function routeWords({ targets, usable }: Route): string {
  if (!usable) return 'Nobody on this route can be asked now.';
  const names = targets.map(({ provider, model, weight }) => {
    return weight === undefined ? `${provider}/${model}` : `${provider}/${model} (${weight})`;
  });
  if (names.length === 1) return `Asks ${names[0]}.`;
  if (targets.some(({ weight }) => weight !== undefined))
    return `Asks one of these first, by weight: ${names.join(', ')}.`;
  return `Asks ${names.join(', then ')}.`;
}
