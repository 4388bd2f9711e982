import { ask } from '@lepton/common/http/ask'
import { encodeCursor } from '@lepton/common/runtime/cursor'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { MeshClient } from '@lepton/common/mesh/client'
import { CONSUMERS, PUBLISHERS } from '@lepton/contracts/services'
import {
  deadLetterRoutes,
  discardDeadLetter,
  getDeadLetter,
  listDeadLetters,
  replayDeadLetters,
} from '@lepton/contracts/dead-letter-routes'
import { republishEvents, republishRoute } from '@lepton/contracts/republish'
import { serviceOf } from '@lepton/contracts/dead-letters'
import { partsOf } from '@lepton/shop/incomplete'

/** The records that no service could apply: each service keeps its own, here they are one list. */
export function deadLetterEndpoints(mesh: MeshClient): Endpoint[] {
  return [
    answer(listDeadLetters, async ({ query, caller }) => {
      const as_of = new Date().toISOString()
      const { limit, service } = query
      const asked = Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]))
      const { parts, incomplete } = await partsOf(service === undefined ? CONSUMERS : [service], (owner) =>
        ask(mesh, deadLetterRoutes(owner).list, { query: asked, as: caller.as }),
      )
      const items = [...parts.values()]
        .flatMap((page) => page.items)
        .sort((a, b) => compare(b.first_failed_at, a.first_failed_at) || compare(b.letter_id, a.letter_id))
        .slice(0, limit)
      const last = items.at(-1)
      const isMore = items.length === limit && last !== undefined
      const next_cursor = isMore ? encodeCursor([last.first_failed_at, last.letter_id]) : null
      return { status: 200, body: { items, next_cursor, as_of, incomplete } }
    }),

    answer(replayDeadLetters, async ({ body, caller }) => {
      const as_of = new Date().toISOString()
      const { letter_id, letter_ids } = body
      const named = letter_id === undefined ? letter_ids : [letter_id]
      const owners = named === undefined ? CONSUMERS : [...new Set(named.map(serviceOf))]
      const { parts, incomplete } = await partsOf(owners, (owner) => {
        const own = letter_ids?.filter((id) => serviceOf(id) === owner)
        const wanted = own === undefined ? body : { ...body, letter_ids: own }
        return ask(mesh, deadLetterRoutes(owner).replay, { body: wanted, as: caller.as })
      })
      const items = [...parts.values()].flatMap((part) => part.items)
      return { status: 200, body: { items, as_of, incomplete } }
    }),

    answer(getDeadLetter, async ({ params, caller }) => {
      const { get } = deadLetterRoutes(serviceOf(params.letter_id))
      return { status: 200, body: await ask(mesh, get, { params, as: caller.as }) }
    }),

    answer(discardDeadLetter, async ({ params, body, caller }) => {
      const { discard } = deadLetterRoutes(serviceOf(params.letter_id))
      return { status: 200, body: await ask(mesh, discard, { params, body, as: caller.as }) }
    }),

    answer(republishEvents, async ({ body, caller }) => {
      const as_of = new Date().toISOString()
      const { parts, incomplete } = await partsOf(PUBLISHERS, (service) =>
        ask(mesh, republishRoute(service), { body, as: caller.as }),
      )
      const items = [...parts].map(([service, { events }]) => ({ service, events }))
      return { status: 200, body: { items, as_of, incomplete } }
    }),
  ]
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
