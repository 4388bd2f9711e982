import { beforeAll, describe, expect, it } from '@jest/globals'
import { SHOP_AUDIENCE } from '@lepton/common/http/auth'
import { newId } from '@lepton/common/runtime/id'
import type { Problem } from '@lepton/contracts/problems'
import type { Access, RouteDefinition } from '@lepton/contracts/route'
import { SignJWT } from 'jose'
import { freshKey } from './builders.ts'
import { KEY_OWNERS, type KeyOwner } from '@lepton/setup/services'
import type { ServiceUnderTest } from './harness.ts'
import type { Person } from './people.ts'
import type { AskOptions } from './shop-client.ts'

/** A request that is right, for each route that needs more than an id in its path. */
export type ExampleBodies = Readonly<Record<string, Record<string, unknown>>>

const EXAMPLE_PARAMS: Record<string, () => string> = {
  order_id: newId,
  transaction_id: newId,
  letter_id: () => 'order-987654321',
  item_id: () => 'espresso-beans',
  product_id: () => 'espresso-beans',
  name: () => 'order-987654321',
  service: () => 'order',
  action: () => 'restart',
  server: () => 'kafka',
  alarm: () => 'NoSuchAlarm',
  fault: () => 'pause-order-987654321',
  experiment: () => 'lab-987654321',
}
/** Routes that every service with events has. */
const OPS_BODIES: ExampleBodies = {
  list_own_applied: { event_ids: [newId()] },
  replay_own_dead_letters: { letter_id: 'order-987654321', dry_run: true, reason: 'the schema is repaired' },
  discard_own_dead_letter: { reason: 'a test message' },
  republish_own_events: {
    since: '2026-01-01T00:00:00.000Z',
    until: '2026-01-01T00:00:01.000Z',
    dry_run: true,
    reason: 'the log is lost',
  },
}
const MIB = 1024 * 1024

/** What every route of a service refuses, and whom: made from the routes, so that none is forgotten. */
export function describeRefusals(
  service: Pick<ServiceUnderTest, 'people' | 'identity'>,
  routes: readonly RouteDefinition[],
  ownBodies: ExampleBodies,
): void {
  const bodies = { ...OPS_BODIES, ...ownBodies }
  const people = {} as Record<Access, Person>
  const peers = new Map<string, Person>()
  beforeAll(async () => {
    people.anyone = service.people.anyone()
    people.customer = await service.people.customer()
    people.operator = await service.people.operator()
    for (const { operation, callers = ['order'] } of routes)
      peers.set(operation, await service.people.peer(callers[0] as KeyOwner, operation))
  })

  function send(
    person: Person,
    route: RouteDefinition,
    options: AskOptions & { params?: Record<string, string> } = {},
  ) {
    const { params = {}, ...rest } = options
    const path = route.path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? EXAMPLE_PARAMS[name]!())
    const body = bodies[route.operation]
    return person.ask<Problem>(route.method, path, {
      ...(body !== undefined && { body }),
      ...(route.idempotency !== undefined && { key: freshKey() }),
      ...rest,
    })
  }

  const cases = routes.map((route) => [`${route.method} ${route.path}`, route] as const)
  const permitted = ({ access, operation }: RouteDefinition) =>
    access[0] === 'service' ? peers.get(operation)! : people[access[0]!]

  describe('the role of who asks', () => {
    it.each(cases)('%s is open to those it is for, and to no others', async (_name, route) => {
      const isOpen = route.access.includes('anyone')
      expect((await send(people.anyone, route)).status === 401).toBe(!isOpen)
      for (const role of ['customer', 'operator'] as const) {
        const { status } = await send(people[role], route)
        expect([role, status === 403]).toEqual([role, !isOpen && !route.access.includes(role)])
      }
    })

    it.each(cases)(
      '%s takes the key of the services that may call it, and of no other',
      async (_name, route) => {
        const isOpen = route.access.includes('anyone')
        for (const peer of KEY_OWNERS) {
          const scoped = await send(await service.people.peer(peer, route.operation), route)
          const unscoped = await send(await service.people.peer(peer, 'another_operation'), route)
          const mayCall = isOpen || (route.callers ?? []).includes(peer)
          expect([peer, scoped.status === 403, unscoped.status === 403]).toEqual([peer, !mayCall, !isOpen])
        }
      },
    )
  })

  const guarded = cases.filter(([, { access }]) => !access.includes('anyone'))
  if (guarded.length > 0) {
    describe('a token', () => {
      it.each(guarded)('%s refuses one that is expired, forged or no token at all', async (_name, route) => {
        const gateway = service.identity.signerOf('gateway')
        const who = { subject: newId(), role: route.access[0] as 'customer' | 'operator' }
        const forged = await new SignJWT({ role: who.role })
          .setProtectedHeader({ alg: 'HS256', kid: 'gateway-00000000' })
          .setIssuer('gateway')
          .setSubject(who.subject)
          .setAudience(route.owner)
          .setExpirationTime('1h')
          .sign(Buffer.from('a key that is not published'.padEnd(32, '.')))
        const expired = await gateway.sign(who, { ttlS: -60, audience: route.owner })
        const foreign = await gateway.sign(who, { audience: 'another-shop' })
        // Those that it has at other services, and at the gateway.
        const elsewhere = await Promise.all(
          [SHOP_AUDIENCE, ...KEY_OWNERS]
            .filter((name) => name !== route.owner)
            .map((audience) => gateway.sign(who, { audience })),
        )
        for (const token of [expired, forged, foreign, 'nonsense', ...elsewhere]) {
          const answer = await send(service.people.bearer(token), route)
          expect(answer).toMatchObject({ status: 401, body: { type: '/problems/unauthenticated' } })
          expect(answer.headers['www-authenticate']).toBe('Bearer')
        }
      })
    })
  }

  const withBody = cases.filter(([, { body }]) => body !== undefined)
  if (withBody.length > 0) {
    describe('a body', () => {
      it.each(withBody)('%s refuses what is not JSON, too large or of another type', async (_name, route) => {
        const person = permitted(route)
        const broken = await send(person, route, { body: '{"a": ' })
        const huge = await send(person, route, {
          body: { ...bodies[route.operation], padding: 'x'.repeat(MIB) },
        })
        const other = await send(person, route, { body: 'a=b', headers: { 'content-type': 'text/plain' } })
        const array = await send(person, route, { body: [] })

        expect(broken).toMatchObject({ status: 400, body: { type: '/problems/invalid-json' } })
        expect(huge).toMatchObject({ status: 413, body: { type: '/problems/body-too-large' } })
        expect(other).toMatchObject({ status: 415, body: { type: '/problems/unsupported-media-type' } })
        expect(array).toMatchObject({ status: 400 })
      })

      it.each(withBody)(
        '%s names every field that is unknown, missing or of another type',
        async (_name, route) => {
          const example = bodies[route.operation]!
          const unknown = await send(permitted(route), route, {
            body: { ...example, price_minor: 1, status: 'PAID' },
          })
          expect(unknown).toMatchObject({ status: 400, body: { type: '/problems/invalid-request' } })
          expect(unknown.body.errors?.map(({ pointer }) => pointer)).toEqual(['/price_minor', '/status'])

          for (const field of Object.keys(example)) {
            for (const wrong of [null, { a: 1 }, 'x'.repeat(5_000), -1, 1e30, '\u0000', '\ud800']) {
              const answer = await send(permitted(route), route, { body: { ...example, [field]: wrong } })
              expect([field, wrong, answer.status]).toEqual([field, wrong, 400])
              expect(answer.body.errors?.[0]?.pointer).toMatch(new RegExp(`^/${field}`))
            }
          }
        },
      )
    })
  }

  const withParams = cases.filter(([, { params }]) => params !== undefined)
  if (withParams.length > 0) {
    describe('a path', () => {
      it.each(withParams)('%s refuses an id that is none', async (_name, route) => {
        const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name!)
        for (const wrong of ['X', 'a b', '%00', '%ed%a0%80', 'x'.repeat(300), '..%2f..%2fetc']) {
          const params = Object.fromEntries(names.map((name) => [name, encodeWhereNeeded(wrong)]))
          const answer = await send(permitted(route), route, { params })
          expect([wrong, answer.status]).toEqual([wrong, 400])
        }
      })
    })
  }

  const withKey = cases.filter(([, { idempotency }]) => idempotency === 'required')
  if (withKey.length > 0) {
    describe('an Idempotency-Key', () => {
      it.each(withKey)(
        '%s refuses a request without one, or with one that is too short or too long',
        async (_name, route) => {
          const without = await send(permitted(route), route, { key: '' })
          expect(without.status).toBe(400)
          const short = await send(permitted(route), route, { key: 'short' })
          const long = await send(permitted(route), route, { key: 'x'.repeat(256) })
          for (const answer of [short, long]) {
            expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: 'Idempotency-Key' }] } })
          }
        },
      )
    })
  }

  describe('a method', () => {
    it.each([...new Set(routes.map(({ path }) => path))])(
      'that %s does not answer is refused',
      async (path) => {
        const allowed = routes.filter((route) => route.path === path).map(({ method }) => method)
        const method = (['DELETE', 'PUT', 'POST'] as const).find((name) => !allowed.includes(name))!
        const [route] = routes.filter((one) => one.path === path)
        const answer = await send(people.customer, { ...route!, method, operation: 'none' })
        expect(answer).toMatchObject({ status: 405, body: { type: '/problems/method-not-allowed' } })
        const withHead = allowed.flatMap((one) => (one === 'GET' ? [one, 'HEAD'] : [one]))
        expect(String(answer.headers.allow).split(', ').sort()).toEqual(withHead.sort())
      },
    )
  })
}

function encodeWhereNeeded(text: string): string {
  return text.replaceAll(' ', '%20')
}
