import type { ModelsView } from '../api.ts';

type Provider = ModelsView['providers'][number];
export type Route = ModelsView['routes'][number];

/** What the user selected in a form. */
export interface ModelChoice {
  /** Empty: the first provider. */
  provider: string;
  /** Takes precedence over the provider; empty: no route. */
  route: string;
  /** Model of the provider; empty: its first. */
  model: string;
}

/** The selection with defaults filled in. */
export interface ChosenModel {
  providers: Provider[];
  routes: Route[];
  /** Undefined if a route is selected: the route chooses the provider. */
  provider: Provider | undefined;
  route: Route | undefined;
  /** Model or route, as a request names it. */
  model: string;
}

/** The provider that every deployment has, used until the list is loaded. */
const FALLBACK: Provider = { name: 'fake', usable: true, speaks: ['chat'], models: ['demo'], any_model: true };

/** @param view undefined until it is loaded */
export function chooseModel(view: ModelsView | undefined, choice: ModelChoice): ChosenModel {
  const providers = fakeFirst(view?.providers.filter(answersStreams) ?? [FALLBACK]);
  const routes = (view?.routes ?? []).filter(answersStreams);
  const route = routes.find(({ name }) => name === choice.route);
  if (route) return { providers, routes, provider: undefined, route, model: route.name };
  const provider = providers.find(({ name }) => name === choice.provider) ?? providers[0] ?? FALLBACK;
  const model = choice.model || (provider.models[0] ?? (provider.any_model ? 'demo' : ''));
  return { providers, routes, provider, route, model };
}

/** Each API that generates answers can answer the page's `/api/v1/stream`. */
function answersStreams({ speaks }: Provider | Route): boolean {
  return speaks.some((format) => format !== 'embeddings');
}

/** `fake` costs nothing, so it comes first, whatever the default is. */
function fakeFirst(providers: Provider[]): Provider[] {
  return [...providers].sort((a, b) => Number(b.name === 'fake') - Number(a.name === 'fake'));
}

/** The targets of a route in words. */
export function routeWords({ targets, usable, order }: Route): string {
  if (!usable) return 'No target of this route is available.';
  const names = targets.map(({ provider, model, weight }) => {
    return weight === undefined ? `${provider}/${model}` : `${provider}/${model} (${weight})`;
  });
  if (names.length === 1) return `Uses ${names[0]}.`;
  if (order === 'affinity') return `Keeps each conversation at one of these: ${names.join(', ')}.`;
  if (order === 'least_busy') return `Tries the one with the fewest streams first: ${names.join(', ')}.`;
  if (targets.some(({ weight }) => weight !== undefined))
    return `Tries one of these first, by weight: ${names.join(', ')}.`;
  return `Tries ${names.join(', then ')}.`;
}
