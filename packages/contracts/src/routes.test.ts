import { describe, expect, it } from '@jest/globals'
import { PROBLEMS } from './problems.ts'
import { problemsOf } from './route.ts'
import type { RouteDefinition } from './route.ts'
import { ROUTES } from './routes.ts'

const cases = ROUTES.map((route) => [route.operation, route] as const)

function nameAtOwner(
  { owner, operation, method, path }: RouteDefinition,
  part: 'operation' | 'path',
): string {
  return part === 'operation' ? `${owner} ${operation}` : `${owner} ${method} ${path}`
}

function nameInApi(route: RouteDefinition, part: 'operation' | 'path'): string | undefined {
  return route.exposed === false ? undefined : nameAtOwner({ ...route, owner: 'gateway' }, part)
}

describe('a route', () => {
  it('has an operation of its own, and a method and path of its own', () => {
    for (const nameOf of [nameInApi, nameAtOwner]) {
      for (const part of ['operation', 'path'] as const) {
        const names = ROUTES.flatMap((route) => nameOf(route, part) ?? [])
        expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
      }
    }
  })

  it('is never refused for overload where it carries out an accepted order', () => {
    const branches = ROUTES.filter(({ path }) => path.startsWith('/branches/'))
    expect(branches.map(({ priority }) => priority)).toEqual(Array(6).fill('settle'))
  })

  it.each(cases)('%s describes exactly the parameters of its path', (_operation, { path, params }) => {
    const named = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name)
    expect(Object.keys(params?.shape ?? {})).toEqual(named)
  })

  // A webhook's body is the card processor's schema, which may grow.
  const ours = cases.filter(([operation]) => operation !== 'receive_webhook')
  it.each(ours)('%s takes no field that it does not name', (_operation, { body, params, query }) => {
    for (const schema of [body, params, query]) {
      const issues = schema?.safeParse({ no_such_field: 1 }).error?.issues ?? []
      if (schema !== undefined) expect(issues.map(({ code }) => code)).toContain('unrecognized_keys')
    }
  })

  it.each(cases)('%s names problems that exist', (_operation, route) => {
    for (const slug of problemsOf(route)) expect(PROBLEMS).toHaveProperty([slug])
  })

  it('that accepts work for later needs a key', () => {
    const accepting = ROUTES.filter(({ answers, path }) => 202 in answers && !path.includes(':order_id'))
    expect(accepting.map(({ idempotency }) => idempotency)).toEqual(accepting.map(() => 'required'))
  })
})
