import { PROBLEMS, Problem } from '@lepton/contracts/problems'
import { problemsOf, type RouteDefinition } from '@lepton/contracts/route'
import { ROUTES } from '@lepton/contracts/routes'
import { z } from 'zod'

type Json = Record<string, unknown>

/** OpenAPI 3.1 of everything the gateway exposes, made from the schemas that check the requests. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {}
  for (const route of ROUTES.filter(({ exposed }) => exposed !== false)) {
    const path = `/api/v1${route.path.replace(/:(\w+)/g, '{$1}')}`
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lepton',
      version: '1',
      description: 'A shop of microservices that stays right when anything dies.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Problem: schemaOf(Problem, 'output') },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        cookie: { type: 'apiKey', in: 'cookie', name: 'lepton_session' },
      },
    },
  }
}

function operation(route: RouteDefinition): Json {
  const isOpen = route.access.includes('anyone')
  return {
    operationId: route.operation,
    summary: route.summary,
    tags: [route.owner],
    ...(!isOpen && { security: [{ bearer: [] }, { cookie: [] }] }),
    parameters: [
      ...parameters('path', route.params),
      ...parameters('query', route.query),
      ...(route.idempotency === undefined ? [] : [idempotencyKey(route.idempotency === 'required')]),
    ],
    ...(route.body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemaOf(route.body, 'input') } },
      },
    }),
    responses: {
      ...answers(route),
      ...problems(route),
      // Answered by the HTTP server itself, before there is a request to look at.
      431: { description: 'The URL and headers exceed 16 KiB' },
    },
  }
}

function parameters(place: 'path' | 'query', schema: z.ZodObject | undefined): Json[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }))
}

function idempotencyKey(required: boolean): Json {
  return {
    name: 'Idempotency-Key',
    in: 'header',
    required,
    description: 'Repeats with the same key get the stored answer. Kept for 7 days.',
    schema: { type: 'string', minLength: 16, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
  }
}

function answers({ answers: known }: RouteDefinition): Json {
  return Object.fromEntries(
    Object.entries(known).map(([status, schema]) => [
      status,
      {
        description: Number(status) === 202 ? 'Accepted' : 'Done',
        ...(schema !== null && { content: { 'application/json': { schema: schemaOf(schema, 'output') } } }),
      },
    ]),
  )
}

function problems(route: RouteDefinition): Json {
  const byStatus = Map.groupBy(problemsOf(route), (slug) => PROBLEMS[slug].status)
  return Object.fromEntries(
    [...byStatus].map(([status, slugs]) => [
      status,
      {
        description: slugs.map((slug) => `\`${slug}\`: ${PROBLEMS[slug].title}`).join('; '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  )
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json
  return rest
}
