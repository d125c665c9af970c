import type { RoutingTable } from '../../core/routing/routing_table.ts';
import type { ModelList } from '../../core/upstream/model_list.ts';
import type { ModelsView } from '../../formats/cluster/cluster_view.ts';

/** Nobody waits longer for the providers' own lists; the next one who asks may have them. */
const LISTS_MS = 1_000;

/** What of the deployment's models somebody may use. @param list what providers say of themselves */
export async function modelsFor(
  table: RoutingTable,
  list: ModelList,
  mayUse: (...names: string[]) => boolean,
): Promise<ModelsView> {
  const listed = await list.within(LISTS_MS);
  const { providers, routes, ...view } = table.view();
  return {
    ...view,
    providers: providers.map((provider) => {
      const own = listed.filter(({ id }) => id.startsWith(`${provider.name}/`));
      const models = new Set([...provider.models, ...own.map(({ id }) => id.slice(provider.name.length + 1))]);
      return {
        ...provider,
        models: [...models].filter((model) => mayUse(...table.namesOfModel(provider.name, model))),
      };
    }),
    routes: routes.filter(({ name }) => mayUse(name)),
  };
}
