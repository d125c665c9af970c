import { useQuery } from '@tanstack/react-query';
import { fetchModels, KeyWanted, type ModelsView } from '../api.ts';
import { type ChosenModel, chooseModel, type ModelChoice } from '../view/modelChoice.ts';

/**
 * The providers and routes that there are, and what the choice comes to.
 * @param reachable whether the cluster is heard; the list is asked for again when it comes back
 */
export function useModels(apiBaseUrl: string, reachable: boolean, choice: ModelChoice): ChosenModel {
  return chooseModel(useModelsView(apiBaseUrl, reachable).data, choice);
}

/** The list itself. @param reachable as {@link useModels} */
export function useModelsView(apiBaseUrl: string, reachable: boolean) {
  return useQuery<ModelsView>({
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
