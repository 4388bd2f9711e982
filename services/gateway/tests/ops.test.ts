import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import {
  type ConsumingService,
  type DeadLetter,
  deadLetterRoutes,
  republishRoute,
} from '@lepton/contracts/ops'
import type { ShopAnswer, ShopClient } from '@lepton/testing/shop-client'
import { useGateway } from './gateway.ts'

const { identity, mesh, startGateway, connect } = useGateway()
const routes = deadLetterRoutes('order')
const reason = 'tried by a test'
let shop: ShopClient
let operator: { authorization: string }

function letter(service: ConsumingService, id: number, minute: number): DeadLetter {
  const at = `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`
  return {
    letter_id: `${service}-${id}`,
    status: 'DEAD',
    topic: 'order.v1',
    partition: 0,
    offset: id,
    key: newId(),
    sequence: 1,
    event_id: newId(),
    event_type: 'order.placed.v1',
    error_class: 'TypeError',
    error_message: 'a bug',
    attempts: 5,
    first_failed_at: at,
    updated_at: at,
  }
}

const LETTERS: Record<string, DeadLetter[]> = {
  inventory: [letter('inventory', 7, 4), letter('inventory', 2, 1)],
  payment: [letter('payment', 1, 3)],
  order: [letter('order', 9, 5), letter('order', 3, 1), letter('order', 1, 1)],
}

beforeAll(async () => {
  shop = connect(await startGateway())
  operator = { authorization: `Bearer ${await identity.operatorToken(newId())}` }
})
beforeEach(() => {
  mesh.requests.length = 0
  mesh.answer(routes.list, ({ service, query }) => {
    const cursor = query.get('cursor')
    const [at, id] =
      cursor === null
        ? ['9', '']
        : (JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string, string])
    const rest = LETTERS[service]!.filter(
      (one) => one.first_failed_at < at || (one.first_failed_at === at && one.letter_id < id),
    )
    return { status: 200, body: { items: rest.slice(0, Number(query.get('limit'))), next_cursor: null } }
  })
})

const idsOf = ({ body }: ShopAnswer<{ items: DeadLetter[] }>) => body.items.map(({ letter_id }) => letter_id)

describe('dead letters', () => {
  it('of all services are one list, newest first, page by page', async () => {
    const pages: string[][] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: ShopAnswer<{ items: DeadLetter[]; next_cursor: string | null }> = await shop.ask(
        'GET',
        `/api/v1/ops/dead-letters?limit=3${cursor && `&cursor=${cursor}`}`,
        { headers: operator },
      )
      pages.push(idsOf(page))
      cursor = page.body.next_cursor
    }
    expect(pages).toEqual([
      ['order-9', 'inventory-7', 'payment-1'],
      ['order-3', 'order-1', 'inventory-2'],
      [],
    ])
  })

  it('are not listed in part while a service is away', async () => {
    mesh.answer(routes.list, () => ({ status: 503 }))

    const answer = await shop.ask('GET', '/api/v1/ops/dead-letters', { headers: operator })

    expect(answer).toMatchObject({ status: 503, body: { type: '/problems/unavailable' } })
  })

  it('are replayed where they are, on behalf of the operator', async () => {
    mesh.answer(routes.replay, () => ({ status: 200, body: { items: [] } }))
    const replay = (body: object) =>
      shop.ask('POST', '/api/v1/ops/dead-letters/replay', { headers: operator, body: { ...body, reason } })

    const one = await replay({ letter_id: 'payment-1' })
    const asked = mesh.requests.splice(0)
    const all = await replay({ error_class: 'TypeError' })

    expect([one.status, all.status]).toEqual([200, 200])
    expect(asked.map(({ service }) => service)).toEqual(['payment'])
    expect(asked[0]!.headers).toMatchObject(operator)
    expect(mesh.requests.map(({ service }) => service).sort()).toEqual(['inventory', 'order', 'payment'])
  })

  it('are no business of a customer', async () => {
    const customer = { authorization: `Bearer ${await identity.customerToken(newId())}` }
    const asked = [
      await shop.ask('GET', '/api/v1/ops/dead-letters', { headers: customer }),
      await shop.ask('POST', '/api/v1/ops/dead-letters/replay', { headers: customer, body: { reason } }),
      await shop.ask('POST', '/api/v1/ops/dead-letters/order-1/discard', {
        headers: customer,
        body: { reason },
      }),
      await shop.ask('GET', '/api/v1/ops/dead-letters'),
    ]
    expect(asked.map(({ status }) => status)).toEqual([403, 403, 403, 401])
    expect(mesh.requests).toEqual([])
  })
})

it('an archive is sent again by every service that publishes', async () => {
  mesh.answer(republishRoute('cart'), () => ({ status: 200, body: { events: 3 } }))
  const body = { since: '2026-01-01T00:00:00.000Z', until: '2026-01-02T00:00:00.000Z', reason }

  const answer = await shop.ask<{ items: object[] }>('POST', '/api/v1/ops/events/republish', {
    headers: operator,
    body,
  })

  expect(answer.body.items).toContainEqual({ service: 'cart', events: 3 })
  expect(answer.body.items).toHaveLength(4)
})
