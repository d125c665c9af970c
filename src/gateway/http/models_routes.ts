import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { LOCAL_PROVIDER } from '../../config/weir_config.ts';
import type { RoutingTable } from '../../core/routing/routing_table.ts';
import type { ModelList, OfferedModel } from '../../core/upstream/model_list.ts';
import type { ModelsView } from '../../formats/cluster/cluster_view.ts';
import { WeirError } from '../../formats/error_code.ts';
import { invalid } from '../endpoints/endpoint_request.ts';
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
        models: [...models].filter((model) => mayUse(...table.namesOfModel(provider.name, model, 'weir'))),
      };
    }),
    routes: routes.filter(({ name }) => mayUse(name)),
  };
}

const modelSchema = z.object({ id: z.string(), object: z.literal('model'), created: z.number(), owned_by: z.string() });
const listSchema = z.object({ object: z.literal('list'), data: z.array(modelSchema) });

const anthropicModelSchema = z.object({
  type: z.literal('model'),
  id: z.string(),
  display_name: z.string(),
  created_at: z.string(),
});
const anthropicListSchema = z.object({
  data: z.array(anthropicModelSchema),
  has_more: z.boolean(),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
});

/** The most that a page of Anthropic's list may have; here also what a page has where the client does not say. */
const MAX_PAGE = 1_000;

/** Models by the names that this gateway takes, in the shape that the client's other requests have. */
export function listedModels(
  app: FastifyInstance,
  routing: { readonly table: RoutingTable },
  access: Access,
  list: ModelList,
): void {
  const all = async (request: FastifyRequest) => {
    const { table } = routing;
    const format = speaksAnthropic(request) ? 'messages' : 'chat';
    const mine = ({ provider, id }: OfferedModel) => {
      const names = provider ? table.namesOfModel(provider, id.slice(provider.length + 1), format) : [id];
      return access.mayUse(request, ...names);
    };
    return [...ownModels(table), ...(await list.all())].filter(mine);
  };

  app.get('/v1/models', {
    schema: {
      summary: 'Routes, and models of all providers, in OpenAI’s shape, or with anthropic-version in Anthropic’s',
      response: { 200: z.union([listSchema, anthropicListSchema]) },
    },
    config: { wantsKey: true, sameForUsers: true },
    handler: async (request) => {
      const models = await all(request);
      if (!speaksAnthropic(request)) return { object: 'list' as const, data: models.map(shaped) };
      return anthropicPage(models.map(anthropicShaped), request.query as Record<string, unknown>);
    },
  });
  // A name has a slash in it.
  app.get('/v1/models/*', {
    schema: { summary: 'One model', response: { 200: z.union([modelSchema, anthropicModelSchema]) } },
    config: { wantsKey: true, sameForUsers: true },
    handler: async (request) => {
      const id = (request.params as { '*': string })['*'];
      const model = (await all(request)).find((each) => each.id === id);
      if (!model) throw new WeirError('not_found', { message: `There is no model "${id.slice(0, 200)}" here.` });
      return speaksAnthropic(request) ? anthropicShaped(model) : shaped(model);
    },
  });
}

/** Anthropic's clients send their version with every request. */
export function speaksAnthropic({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers['anthropic-version'] !== undefined;
}

type AnthropicModel = z.output<typeof anthropicModelSchema>;

/** The part of a list that a client asks for by `limit`, and by `after_id` or `before_id`. @throws WeirError validation_error */
function anthropicPage(
  models: readonly AnthropicModel[],
  { limit, after_id, before_id }: Record<string, unknown>,
): z.output<typeof anthropicListSchema> {
  const size = limit === undefined ? MAX_PAGE : Number(limit);
  if (!(Number.isInteger(size) && size >= 1 && size <= MAX_PAGE)) throw invalid('limit', `must be 1 to ${MAX_PAGE}`);
  const placeOf = (name: string, id: unknown) => {
    const at = models.findIndex((model) => model.id === id);
    if (at < 0) throw invalid(name, 'is not the id of a model in this list');
    return at;
  };
  const isBackwards = before_id !== undefined;
  const end = isBackwards ? placeOf('before_id', before_id) : models.length;
  const start = isBackwards ? Math.max(0, end - size) : after_id === undefined ? 0 : placeOf('after_id', after_id) + 1;
  const data = models.slice(start, isBackwards ? end : start + size);
  return {
    data,
    has_more: isBackwards ? start > 0 : start + size < models.length,
    first_id: data.at(0)?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
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

/** A time that is not known is 1970 there, too. */
function anthropicShaped({ id, created }: OfferedModel): AnthropicModel {
  return { type: 'model', id, display_name: id, created_at: new Date(created * 1000).toISOString() };
}
