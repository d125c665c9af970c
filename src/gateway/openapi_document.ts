import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import packageJson from '../../package.json' with { type: 'json' };
import { buildGateway } from './build_gateway.ts';
import { parseConfig } from './config.ts';
import { completeDocument, ERROR_CODES } from './http/complete_document.ts';

const DESCRIPTION = `Streams LLM answers over Server-Sent Events. Requests below /v1 are those of OpenAI and Anthropic.

${ERROR_CODES}`;

const KEY =
  'A key of this deployment, where it asks for one, or a browser token; X-API-Key is taken too. A key that acts for users names its user in X-Weir-User.';

/** The OpenAPI document of an instance's routes. Instances serve the file that `npm run generate` writes, and do not load the library that makes it. */
export async function openApiDocument(): Promise<object> {
  const gateway = await buildGateway(parseConfig({ LOG_LEVEL: 'error' }), {}, '', undefined, describeRoutes);
  try {
    return gateway.app.swagger();
  } finally {
    await gateway.app.close();
    await gateway.close();
  }
}

/** Collects all routes that are registered after this. */
async function describeRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Weir', version: packageJson.version, description: DESCRIPTION },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer', description: KEY } } },
      // Nothing at all is enough where the deployment asks for no keys.
      security: [{}, { key: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (made) => ('openapiObject' in made ? completeDocument(made.openapiObject) : made.swaggerObject),
  });
}
