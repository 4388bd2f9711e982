import { answer, type Endpoint } from '@lepton/common/http/app'
import { ask } from '@lepton/common/http/ask'
import type { MeshClient } from '@lepton/common/mesh/client'
import { Refusal } from '@lepton/common/runtime/problem'
import { CONSUMERS, PUBLISHERS } from '@lepton/contracts/services'
import { serviceOf } from '@lepton/contracts/dead-letters'
import { appliedRoute, getTimeline, trailRoute } from '@lepton/contracts/ops-timeline'
import { getOpsOrder, getOrderMoney, getOrderStock } from '@lepton/contracts/ops-order-parts'
import { getOrderHead } from '@lepton/contracts/ops-orders'
import { partsOf } from '@lepton/shop/incomplete'
import { joinTimeline } from './timeline.ts'

const MAX_EVENTS = 500

/** One order over all services. Without the order service there is none; every other part may be missing. */
export function orderRoutes(mesh: MeshClient): Endpoint[] {
  return [
    answer(getOpsOrder, async ({ params, caller: { as } }) => {
      const as_of = new Date().toISOString()
      const order = await ask(mesh, getOrderHead, { params, as })
      const [stock, money] = await Promise.all([
        partsOf(['inventory'], () => orNull(ask(mesh, getOrderStock, { params, as }))),
        partsOf(['payment'], () => orNull(ask(mesh, getOrderMoney, { params, as }))),
      ])
      const body = {
        as_of,
        incomplete: [...stock.incomplete, ...money.incomplete],
        order,
        stock: stock.parts.get('inventory') ?? null,
        money: money.parts.get('payment') ?? null,
      }
      return { status: 200, body }
    }),

    answer(getTimeline, async ({ params, caller: { as } }) => {
      const as_of = new Date().toISOString()
      const { expected } = await ask(mesh, getOrderHead, { params, as })
      const [trails, money] = await Promise.all([
        partsOf(PUBLISHERS, (service) => ask(mesh, trailRoute(service), { params, as })),
        partsOf(['payment'], () => orNull(ask(mesh, getOrderMoney, { params, as }))),
      ])
      const parts = [...trails.parts.values()]
      const event_ids = parts
        .flatMap(({ events }) => events)
        .map(({ event_id }) => event_id)
        .slice(0, MAX_EVENTS)
      const applied = await partsOf(event_ids.length === 0 ? [] : CONSUMERS, async (service) => {
        const { items } = await ask(mesh, appliedRoute(service), { body: { event_ids }, as })
        return items
      })
      const body = {
        as_of,
        incomplete: oncePerService([...trails.incomplete, ...money.incomplete, ...applied.incomplete]),
        events: joinTimeline(
          parts.map(({ events }) => events),
          applied.parts,
        ),
        tasks: money.parts.get('payment')?.tasks ?? [],
        dead: parts.flatMap(({ dead }) =>
          dead.map((letter) => ({ ...letter, service: serviceOf(letter.letter_id) })),
        ),
        expected,
      }
      return { status: 200, body }
    }),
  ]
}

/** A service that has not heard of the order yet has no part, which is no fault of it. */
async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  return asked.catch((error: unknown) => {
    if (error instanceof Refusal && error.slug === 'not-found') return null
    throw error
  })
}

function oncePerService<I extends { service: string }>(incomplete: readonly I[]): I[] {
  return [...new Map(incomplete.map((one) => [one.service, one])).values()]
}
