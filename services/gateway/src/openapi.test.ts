import { describe, expect, it } from '@jest/globals'
import { PROBLEMS } from '@lepton/contracts/problems'
import { problemsOf } from '@lepton/contracts/route'
import { ROUTES } from '@lepton/contracts/routes'
import { openApiDocument } from './openapi.ts'

interface Operation {
  operationId: string
  parameters: { name: string; in: string; required: boolean }[]
  requestBody?: unknown
  security?: unknown
  responses: Record<string, unknown>
}

const { openapi, paths } = openApiDocument() as unknown as {
  openapi: string
  paths: Record<string, Record<string, Operation>>
}
const described = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
)
const exposed = ROUTES.filter((route) => route.exposed !== false)
const pathOf = (path: string) => `/api/v1${path.replace(/:(\w+)/g, '{$1}')}`

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
})
