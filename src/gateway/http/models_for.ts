import type { RoutingTable } from '../../core/routing/routing_table.ts';
import type { ModelsView } from '../../protocol/cluster_view.ts';

/** What of the deployment's models somebody may use. */
export function modelsFor(table: RoutingTable, mayUse: (...names: string[]) => boolean): ModelsView {
  const { providers, routes, ...view } = table.view();
  return {
    ...view,
    providers: providers.map((provider) => {
      // Named without its provider, too, where it is the default one's.
      const named = provider.name === table.defaultProvider ? undefined : provider.name;
      return { ...provider, models: provider.models.filter((model) => mayUse(...table.namesOf(named, model))) };
    }),
    routes: routes.filter(({ name }) => mayUse(name)),
  };
}
