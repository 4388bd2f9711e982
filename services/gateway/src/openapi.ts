import { ALIAS_ROUTES } from '@lepton/contracts/aliases'
import { PROBLEMS, Problem } from '@lepton/contracts/problems'
import { problemsOf, type RouteDefinition, StreamEnd } from '@lepton/contracts/route'
import { ROUTES } from '@lepton/contracts/routes'
import { z } from 'zod'

type Json = Record<string, unknown>

const DESCRIPTION = `**Execute \`POST /session\` first.** The browser then sends the shopper's cookie with everything that you
execute here. Elsewhere send the token of its answer as \`Authorization: Bearer …\`.

Operators' requests need \`POST /session/operator\`, with the secret that was generated at the first start; its cookie goes
beside the shopper's. In development, \`POST /session/operator/demo\` gives it to a page of this shop on its own machine.
Every refusal is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)); its \`type\` is [a page that explains it](/problems).
All paths work with and without \`/api/v1\`. In development, requests from this machine without a token are the demo
shopper's (\`/cart\`, \`/order\`, \`/payment\`) or the demo operator's (\`POST /stock\`).`

/** OpenAPI 3.1 of everything the gateway exposes, made from the schemas that check the requests. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {}
  for (const route of [...ROUTES.filter(({ exposed }) => exposed !== false), ...ALIAS_ROUTES]) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Lepton', version: '1', description: DESCRIPTION },
    servers: [{ url: '/api/v1' }, { url: '/', description: 'The same without the prefix' }],
    paths,
    components: {
      schemas: { Problem: schemaOf(Problem, 'output') },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        cookie: { type: 'apiKey', in: 'cookie', name: 'lepton_session' },
        operatorCookie: { type: 'apiKey', in: 'cookie', name: 'lepton_operator' },
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
    ...(!isOpen && { security: [{ bearer: [] }, ...cookiesFor(route)] }),
    parameters: [
      ...parameters('path', route.params),
      ...parameters('query', route.query),
      ...(route.idempotency === undefined ? [] : [idempotencyKey(route)]),
      ...(route.events === undefined ? [] : [LAST_EVENT_ID]),
      ...(route.problems.includes('signature-invalid') ? [WEBHOOK_SIGNATURE] : []),
    ],
    ...(route.body && { requestBody: requestBody(route.body) }),
    responses: {
      ...answers(route),
      ...problems(route),
      // Answered by the HTTP server itself, before there is a request to look at.
      431: { description: 'The URL and headers exceed 16 KiB' },
    },
  }
}

function cookiesFor({ access }: RouteDefinition): Json[] {
  return [
    ...(access.includes('customer') ? [{ cookie: [] }] : []),
    ...(access.includes('operator') ? [{ operatorCookie: [] }] : []),
  ]
}

function requestBody(body: z.ZodObject): Json {
  const schema = schemaOf(body, 'input')
  const [example] = (schema.examples ?? []) as unknown[]
  return { required: true, content: { 'application/json': { schema, example } } }
}

function parameters(place: 'path' | 'query', schema: z.ZodObject | undefined): Json[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, examples, ...property }]) => {
    const isRequired = place === 'path' || required.includes(name)
    return {
      name,
      in: place,
      required: isRequired,
      ...(description !== undefined && { description }),
      // An optional one with an example is one that Swagger's "Execute" sends.
      ...(isRequired && { example: (examples as unknown[] | undefined)?.[0] }),
      schema: property,
    }
  })
}

function idempotencyKey({ idempotency, operation }: RouteDefinition): Json {
  const required = idempotency === 'required'
  return {
    name: 'Idempotency-Key',
    in: 'header',
    required,
    description:
      'Repeats with the same key get the stored answer. Kept for 7 days. Choose another for another request.',
    ...(required && { example: `my-first-key-for-${operation}` }),
    schema: { type: 'string', minLength: 16, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
  }
}

const LAST_EVENT_ID: Json = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description: 'The last event that was received; browsers send it when they come back.',
  schema: { type: 'string' },
}

const WEBHOOK_SIGNATURE: Json = {
  name: 'Webhook-Signature',
  in: 'header',
  required: false,
  description: '`t=<Unix seconds>,v1=<HMAC-SHA256>` over time and body; without it the answer is 401.',
  schema: { type: 'string' },
}

function answers({ answers: known, events }: RouteDefinition): Json {
  return Object.fromEntries(
    Object.entries(known).map(([status, schema]) => [
      status,
      Number(status) === 200 && events !== undefined
        ? streamOf(events)
        : {
            description: Number(status) === 202 ? 'Accepted' : 'Done',
            ...(schema !== null && {
              content: { 'application/json': { schema: schemaOf(schema, 'output') } },
            }),
          },
    ]),
  )
}

/** OpenAPI 3.1 has no words for the events of a stream: it is text, and an extension has their schemas. */
function streamOf(events: NonNullable<RouteDefinition['events']>): Json {
  const all = Object.entries({ ...events, bye: StreamEnd })
  return {
    description: `Server-sent events: ${all.map(([name]) => `\`${name}\``).join(', ')}`,
    content: {
      'text/event-stream': {
        // Each event; what its data holds in JSON is said by its name below.
        schema: { type: 'object', properties: { event: TEXT, id: TEXT, data: TEXT } },
        'x-events': Object.fromEntries(all.map(([name, schema]) => [name, schemaOf(schema, 'output')])),
      },
    },
  }
}

const TEXT: Json = { type: 'string' }

function problems(route: RouteDefinition): Json {
  const byStatus = Map.groupBy(problemsOf(route), (slug) => PROBLEMS[slug].status)
  return Object.fromEntries(
    [...byStatus].map(([status, slugs]) => [
      status,
      {
        description: slugs
          .map((slug) => `[\`${slug}\`](/problems/${slug}): ${PROBLEMS[slug].title}`)
          .join('; '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  )
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json
  return rest
}
