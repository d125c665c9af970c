import { useQuery } from '@tanstack/react-query';
import { fetchModels, KeyRequired, type ModelsView } from '../api.ts';
import { type ChosenModel, chooseModel, type ModelChoice } from '../view/modelChoice.ts';

/**
 * The available providers and routes, and the selected one.
 * @param reachable whether the cluster answers; the list is loaded again when it comes back
 */
export function useModels(apiBaseUrl: string, reachable: boolean, choice: ModelChoice): ChosenModel {
  return chooseModel(useModelsView(apiBaseUrl, reachable).data, choice);
}

/** The list of providers and routes. @param reachable see {@link useModels} */
export function useModelsView(apiBaseUrl: string, reachable: boolean) {
  return useQuery<ModelsView>({
    queryKey: ['models', apiBaseUrl],
    queryFn: ({ signal }) => fetchModels(apiBaseUrl, signal),
    enabled: reachable,
    staleTime: 60_000,
  });
}

/** Why the API needs a key, or refuses the given one; undefined if it needs none. */
export function useKeyProblem(apiBaseUrl: string, reachable: boolean): string | undefined {
  const { error } = useModelsView(apiBaseUrl, reachable);
  return error instanceof KeyRequired ? error.message : undefined;
}
