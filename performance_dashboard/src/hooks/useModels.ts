import { useQuery } from '@tanstack/react-query';
import { fetchModels, KeyWanted, type ModelsView } from '../api.ts';

/** While the list is not there, the provider that every deployment has. */
const FALLBACK: ModelsView['providers'] = [
  { name: 'fake', usable: true, speaks: ['chat'], models: ['demo'], any_model: true },
];

export interface ChosenModel {
  providers: ModelsView['providers'];
  provider: ModelsView['providers'][number];
  model: string;
}

/**
 * The providers that there are, and what the choice comes to: an empty one is the first of the list.
 * @param reachable whether the cluster is heard; the list is asked for again when it comes back
 */
export function useModels(
  apiBaseUrl: string,
  reachable: boolean,
  chosen: { provider: string; model: string },
): ChosenModel {
  const models = useModelsView(apiBaseUrl, reachable);
  const providers = fakeFirst(models.data?.providers ?? FALLBACK);
  const provider = providers.find(({ name }) => name === chosen.provider) ?? providers[0] ?? FALLBACK[0]!;
  const model = chosen.model || (provider.models[0] ?? (provider.any_model ? 'demo' : ''));
  return { providers, provider, model };
}

function useModelsView(apiBaseUrl: string, reachable: boolean) {
  return useQuery({
    queryKey: ['models', apiBaseUrl],
    queryFn: ({ signal }) => fetchModels(apiBaseUrl, signal),
    enabled: reachable,
    staleTime: 60_000,
  });
}

/** Why the API wants a key, or another one; undefined where it does not. */
export function useKeyProblem(apiBaseUrl: string, reachable: boolean): string | undefined {
  const { error } = useModelsView(apiBaseUrl, reachable);
  return error instanceof KeyWanted ? error.message : undefined;
}

/** `fake` costs nothing, so it stands first whatever the default is. */
function fakeFirst(providers: ModelsView['providers']): ModelsView['providers'] {
  return [...providers].sort((a, b) => Number(b.name === 'fake') - Number(a.name === 'fake'));
}
