import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ModelList, OfferedModel } from '../../core/passthrough/model_list.ts';
import type { ProviderRegistry } from '../../core/provider/provider_registry.ts';
import { WeirError } from '../../protocol/error_code.ts';
import type { Access } from './access.ts';

const modelSchema = z.object({ id: z.string(), object: z.literal('model'), created: z.number(), owned_by: z.string() });
const listSchema = z.object({ object: z.literal('list'), data: z.array(modelSchema) });

/** Models in OpenAI's shape, by the names that this gateway takes. */
export function openAiModels(app: FastifyInstance, providers: ProviderRegistry, access: Access, list: ModelList): void {
  const all = async (request: FastifyRequest) => {
    const models = [...ownModels(providers), ...(await list.all())];
    return models.filter(({ id }) => access.mayUse(request, id, id.slice(id.indexOf('/') + 1))).map(shaped);
  };

  app.get('/v1/models', {
    schema: { summary: 'Models of all providers, in OpenAI’s shape', response: { 200: listSchema } },
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

/** Of the providers whose answers are made here. */
function ownModels(providers: ProviderRegistry): OfferedModel[] {
  return providers
    .view()
    .providers.flatMap(({ name, models }) =>
      models.map((model) => ({ id: `${name}/${model}`, created: 0, ownedBy: name })),
    );
}

function shaped({ id, created, ownedBy }: OfferedModel): z.output<typeof modelSchema> {
  return { id, object: 'model', created, owned_by: ownedBy };
}
