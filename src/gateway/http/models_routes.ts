import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { LOCAL_PROVIDER } from '../../config/weir_config.ts';
import type { RoutingTable } from '../../core/routing/routing_table.ts';
import type { ModelList, OfferedModel } from '../../core/upstream/model_list.ts';
import type { ModelsView } from '../../formats/cluster/cluster_view.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { Access } from './access.ts';

/** The providers' own lists are not waited for longer; the next request may have them. */
const LISTS_MS = 1_000;

/** The deployment's models that a client may use. @param list what providers say of themselves */
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

const modelSchema = z.object({ id: z.string(), object: z.literal('model'), created: z.number(), owned_by: z.string() });
const listSchema = z.object({ object: z.literal('list'), data: z.array(modelSchema) });

/** Models in OpenAI's shape, by the names that this gateway takes. */
export function openAiModels(
  app: FastifyInstance,
  routing: { readonly table: RoutingTable },
  access: Access,
  list: ModelList,
): void {
  const all = async (request: FastifyRequest) => {
    const { table } = routing;
    const mine = ({ provider, id }: OfferedModel) => {
      return access.mayUse(request, ...(provider ? table.namesOfModel(provider, id.slice(provider.length + 1)) : [id]));
    };
    return [...ownModels(table), ...(await list.all())].filter(mine).map(shaped);
  };

  app.get('/v1/models', {
    schema: { summary: 'Routes, and models of all providers, in OpenAI’s shape', response: { 200: listSchema } },
    config: { wantsKey: true },
    handler: async (request) => ({ object: 'list' as const, data: await all(request) }),
  });
  // A name has a slash in it.
  app.get('/v1/models/*', {
    schema: { summary: 'One model', response: { 200: modelSchema } },
    config: { wantsKey: true },
    handler: async (request) => {
      const id = (request.params as { '*': string })['*'];
      const model = (await all(request)).find((each) => each.id === id);
      if (!model) throw new WeirError('not_found', { message: `There is no model "${id.slice(0, 200)}" here.` });
      return model;
    },
  });
}

/** Routes, and models of the provider whose answers are made here; the others say themselves what they have. */
function ownModels(table: RoutingTable): OfferedModel[] {
  const { providers, routes } = table.view();
  const named = routes.map(({ name }) => ({ id: name, provider: undefined, created: 0, ownedBy: 'weir' }));
  const local = providers.filter(({ name }) => name === LOCAL_PROVIDER);
  const made = local.flatMap(({ name, models }) =>
    models.map((model) => ({ id: `${name}/${model}`, provider: name, created: 0, ownedBy: name })),
  );
  return [...named, ...made];
}

function shaped({ id, created, ownedBy }: OfferedModel): z.output<typeof modelSchema> {
  return { id, object: 'model', created, owned_by: ownedBy };
}
