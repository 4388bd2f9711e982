import { describe, expect, it } from '@jest/globals'
import { IdempotencyKey } from '@lepton/contracts/fields'
import { ALIAS_ROUTES } from '@lepton/contracts/aliases'
import { PROBLEMS } from '@lepton/contracts/problems'
import { problemsOf } from '@lepton/contracts/route'
import type { RouteDefinition } from '@lepton/contracts/route'
import { ROUTES } from '@lepton/contracts/routes'
import { openApiDocument } from './openapi.ts'

interface Operation {
  operationId: string
  parameters: { name: string; in: string; required: boolean; example?: unknown }[]
  requestBody?: { content: { 'application/json': { example: unknown } } }
  security?: unknown
  responses: Record<string, unknown>
}

const { openapi, paths, info, servers } = openApiDocument() as unknown as {
  openapi: string
  info: { description: string }
  servers: { url: string }[]
  paths: Record<string, Record<string, Operation>>
}
const described = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
)
const exposed: RouteDefinition[] = [...ROUTES.filter((route) => route.exposed !== false), ...ALIAS_ROUTES]
const pathOf = (path: string) => path.replace(/:(\w+)/g, '{$1}')

describe('the OpenAPI document', () => {
  it('describes every route the gateway exposes, and no other', () => {
    expect(openapi).toBe('3.1.0')
    expect(described.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      exposed.map(({ method, path }) => `${method} ${pathOf(path)}`).sort(),
    )
  })

  it.each(exposed.map((route) => [route.operation, route] as const))(
    'says of %s what its route says',
    (_name, route) => {
      const operation = paths[pathOf(route.path)]![route.method.toLowerCase()]!
      const statuses = new Set([
        // What the HTTP server itself answers to headers that are too large.
        '431',
        ...Object.keys(route.answers),
        ...problemsOf(route).map((slug) => String(PROBLEMS[slug].status)),
      ])
      const inPath = operation.parameters.filter((parameter) => parameter.in === 'path')

      expect(operation.operationId).toBe(route.operation)
      expect(new Set(Object.keys(operation.responses))).toEqual(statuses)
      expect(inPath.map(({ name }) => name)).toEqual(Object.keys(route.params?.shape ?? {}))
      expect(
        operation.parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name),
      ).toEqual(Object.keys(route.query?.shape ?? {}))
      expect(operation.requestBody !== undefined).toBe(route.body !== undefined)
      expect(operation.security === undefined).toBe(route.access.includes('anyone'))
      const key = operation.parameters.find(({ name }) => name === 'Idempotency-Key')
      expect(key?.required).toBe(
        route.idempotency === undefined ? undefined : route.idempotency === 'required',
      )
    },
  )

  it.each(exposed.map((route) => [route.operation, route] as const))(
    'has an example of %s that its route takes',
    (_name, route) => {
      const { parameters, requestBody } = paths[pathOf(route.path)]![route.method.toLowerCase()]!
      const given = (place: string) =>
        Object.fromEntries(
          parameters.flatMap((one) => (one.in === place && one.required ? [[one.name, one.example]] : [])),
        )

      expect(route.params?.safeParse(given('path')).error).toBeUndefined()
      expect(route.query?.safeParse(given('query')).error).toBeUndefined()
      expect(route.body?.safeParse(requestBody?.content['application/json'].example).error).toBeUndefined()
      if (route.idempotency === 'required') {
        expect(IdempotencyKey.safeParse(given('header')['Idempotency-Key']).error).toBeUndefined()
      }
    },
  )

  it('says first how to get a token, and where', () => {
    expect(info.description).toMatch(/^\*\*Execute `POST \/session` first/)
    expect(servers.map(({ url }) => url)).toEqual(['/api/v1', '/'])
  })

  it('tells a reader what the server would refuse', () => {
    const { parameters } = paths['/products']!['get'] as unknown as {
      parameters: { name: string; schema: { pattern: string } }[]
    }
    const pattern = (name: string) => parameters.find((one) => one.name === name)?.schema.pattern
    expect([pattern('cursor'), pattern('query')]).toEqual(['^[A-Za-z0-9_-]{1,200}$', '^[^\\u0000]*$'])
    expect(pattern('product_ids')).toContain('(,')
    expect(paths['/cart']!['get']!.responses).not.toHaveProperty('413')
  })
})
