import { ask } from '@lepton/common/http/ask'
import { encodeCursor } from '@lepton/common/runtime/cursor'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { MeshClient } from '@lepton/common/mesh/client'
import {
  CONSUMERS,
  deadLetterRoutes,
  discardDeadLetter,
  getDeadLetter,
  listDeadLetters,
  PUBLISHERS,
  replayDeadLetters,
  republishEvents,
  republishRoute,
  serviceOf,
} from '@lepton/contracts/ops'
import { reconcileEndpoint } from './audit.ts'

/** What operators see and do over all services: each answers for itself, the gateway joins. */
export function opsEndpoints(mesh: MeshClient): Endpoint[] {
  return [
    reconcileEndpoint(mesh),
    answer(listDeadLetters, async ({ query, caller }) => {
      const { limit } = query
      const asked = Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]))
      const pages = await Promise.all(
        CONSUMERS.map((owner) =>
          ask(mesh, deadLetterRoutes(owner).list, { query: asked, token: caller.token }),
        ),
      )
      const items = pages
        .flatMap((page) => page.items)
        .sort((a, b) => compare(b.first_failed_at, a.first_failed_at) || compare(b.letter_id, a.letter_id))
        .slice(0, limit)
      const last = items.at(-1)
      const isMore = items.length === limit && last !== undefined
      const next_cursor = isMore ? encodeCursor([last.first_failed_at, last.letter_id]) : null
      return { status: 200, body: { items, next_cursor } }
    }),
    answer(replayDeadLetters, async ({ body, caller }) => {
      const owners = body.letter_id === undefined ? CONSUMERS : [serviceOf(body.letter_id)]
      const replayed = await Promise.all(
        owners.map((owner) => ask(mesh, deadLetterRoutes(owner).replay, { body, token: caller.token })),
      )
      return { status: 200, body: { items: replayed.flatMap(({ items }) => items) } }
    }),
    answer(getDeadLetter, async ({ params, caller }) => {
      const { get } = deadLetterRoutes(serviceOf(params.letter_id))
      return { status: 200, body: await ask(mesh, get, { params, token: caller.token }) }
    }),
    answer(discardDeadLetter, async ({ params, body, caller }) => {
      const { discard } = deadLetterRoutes(serviceOf(params.letter_id))
      return { status: 200, body: await ask(mesh, discard, { params, body, token: caller.token }) }
    }),
    answer(republishEvents, async ({ body, caller }) => {
      const items = await Promise.all(
        PUBLISHERS.map(async (service) => {
          const { events } = await ask(mesh, republishRoute(service), { body, token: caller.token })
          return { service, events }
        }),
      )
      return { status: 200, body: { items } }
    }),
  ]
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
