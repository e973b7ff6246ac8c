import { OPERATIONS, type Operation } from './operations.ts';
import { type ParameterDescription, QUERY_PARAMETERS, type QueryParameter } from './parameters.ts';
import type { JsonSchema, SchemasOfInterface } from './schemas-from-types.ts';

/** RFC 9457, as `services/api/problem.ts` writes it. */
const PROBLEM: JsonSchema = {
  type: 'object',
  description: 'What went wrong, where, and what to do (RFC 9457).',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'number' },
    detail: { type: 'string', description: 'The cause and the mend.' },
    instance: { type: 'string', description: 'The path that was asked.' },
  },
  required: ['type', 'title', 'status', 'detail', 'instance'],
};

const TAGS: Readonly<Record<Operation['tag'], string>> = {
  jobs: 'Training jobs: where their device-seconds went, how fast they are, what interrupted them.',
  machines: 'Nodes and their devices.',
  alerts: 'The shipped alert rules over the stored series.',
  live: 'Changes as they are seen.',
  catalog: 'What figures are looked up in, with sources.',
  ingest: 'What senders post.',
};

/** The description of the API: one entry an operation, schemas as they were read off the types of the answers. */
export function openapiDocument({ properties, components }: SchemasOfInterface): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of OPERATIONS as readonly Operation[]) {
    const methods = paths[operation.path] ?? {};
    methods[operation.method ?? 'get'] = operationObject(operation, properties[operation.answer] ?? {});
    paths[operation.path] = methods;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Headway',
      version: '1',
      description:
        'Says where every accelerator-hour of a training cluster went. Times are RFC 3339, or microseconds since the epoch in fields that end in `_us`; seconds end in `_s`, ratios 0..1 in `_ratio`. What is not known is null, with a reason in `quality.reasons`. The Prometheus-compatible door is under `/prom/api/v1`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: [{}, { bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'Where a token is set.' } },
      schemas: { ...components, Problem: PROBLEM },
    },
  };
}

function operationObject(operation: Operation, schema: JsonSchema): JsonSchema {
  const { id, summary, tag, path_parameters = {}, media = 'application/json', request } = operation;
  const names: readonly QueryParameter[] =
    operation.method === 'post' ? operation.parameters : [...operation.parameters, 'consistent'];
  return {
    operationId: id,
    summary,
    tags: [tag],
    parameters: [
      ...Object.entries(path_parameters).map(([name, description]) => ({
        name,
        in: 'path',
        required: true,
        description,
        schema: { type: 'string' },
      })),
      ...names.map((name) => queryParameter(name, QUERY_PARAMETERS[name])),
    ],
    ...(request === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            description: request.description,
            content: { [request.media]: { schema: request.schema } },
          },
        }),
    responses: {
      '200': {
        description: media === 'text/event-stream' ? STREAM : 'The answer.',
        content: { [media]: { schema } },
      },
      default: {
        description:
          'A problem: 400 for what was asked wrongly, 401 without the token, 404 for what is not known, 503 for what cannot be done now.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

const STREAM =
  'Server-sent events: `event` is the type, `data` the JSON of it, `id` what to send as Last-Event-ID to go on; comments say that the stream lives.';

function queryParameter(name: string, description: ParameterDescription): JsonSchema {
  const { repeated, schema, example } = description;
  return {
    name,
    in: 'query',
    required: false,
    description: description.description,
    schema: repeated === true ? { type: 'array', items: schema } : schema,
    ...(example === undefined ? {} : { example }),
  };
}
