import { modelsViewSchema } from '../formats/cluster/cluster_view.ts';
import { apiBaseUrl } from '../load/load_plan.ts';
import { shortRequest } from '../stack/http_request.ts';
import { UsageError } from '../stack/stack_error.ts';

/**
 * A name that is no route would be taken as a model of the default provider, and the run would measure that.
 * @param url as a plan has it @param key where clients need one
 * @throws UsageError where the server lists its routes, and not this one
 */
export async function mustHaveRoute(url: string, route: string, key: string | undefined): Promise<void> {
  const names = await routesOf(url, key);
  if (names === undefined || names.includes(route)) return;
  throw new UsageError(
    `${url} has no route ${route}`,
    names.length === 0
      ? 'add it to weir.config.yaml (docs/routes.md), then ./weir reload'
      : `it has ${names.join(', ')}`,
  );
}

/** Undefined where the server does not say: what is wrong with it, the run itself tells better. */
async function routesOf(url: string, key: string | undefined): Promise<string[] | undefined> {
  try {
    const headers = key === undefined ? {} : { 'x-api-key': key };
    const { body } = await shortRequest({ url: `${apiBaseUrl(url)}/models`, headers });
    return modelsViewSchema.parse(JSON.parse(body)).routes.map(({ name }) => name);
  } catch {
    return undefined;
  }
}
