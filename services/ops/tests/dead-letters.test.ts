import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { PASSED_HEADER } from '@lepton/common/http/passed'
import { newId } from '@lepton/common/runtime/id'
import { type ConsumingService } from '@lepton/contracts/services'
import { type DeadLetter } from '@lepton/contracts/dead-letters'
import { deadLetterRoutes } from '@lepton/contracts/dead-letter-routes'
import { republishRoute } from '@lepton/contracts/republish'
import type { Person } from '@lepton/testing/people'
import type { ShopAnswer } from '@lepton/testing/shop-client'
import { deadLetterEndpoints } from '../src/dead-letters.ts'
import { useOps } from './ops-service.ts'

const ops = useOps((mesh) => deadLetterEndpoints(mesh))
const { mesh } = ops
const routes = deadLetterRoutes('order')
const reason = 'tried by a test'
let operator: Person

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
  operator = await ops.people.operator()
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
      const page: ShopAnswer<{ items: DeadLetter[]; next_cursor: string | null }> = await operator.get(
        `/ops/dead-letters?limit=3${cursor && `&cursor=${cursor}`}`,
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

  it('of one service are left out while it is away, and it is named', async () => {
    mesh.answer(routes.list, ({ service }) =>
      service === 'payment'
        ? { status: 503 }
        : { status: 200, body: { items: LETTERS[service]!.slice(0, 1), next_cursor: null } },
    )

    const answer = await operator.get<{ items: DeadLetter[] }>('/ops/dead-letters')

    expect(idsOf(answer)).toEqual(['order-9', 'inventory-7'])
    expect(answer.body).toMatchObject({ incomplete: [{ service: 'payment', problem: 'unavailable' }] })
  })

  it('are asked of one service alone, where one is named', async () => {
    const answer = await operator.get<{ items: DeadLetter[] }>(
      '/ops/dead-letters?service=order&error_class=TypeError',
    )

    expect(idsOf(answer)).toEqual(['order-9', 'order-3', 'order-1'])
    expect(mesh.requests.map(({ path }) => path)).toEqual([expect.stringContaining('error_class=TypeError')])
  })

  it('are replayed where they are, on behalf of the operator', async () => {
    mesh.answer(routes.replay, () => ({ status: 200, body: { items: [] } }))
    const replay = (body: object) => operator.post('/ops/dead-letters/replay', { ...body, reason })

    const one = await replay({ letter_id: 'payment-1' })
    const asked = mesh.requests.splice(0)
    const all = await replay({ error_class: 'TypeError' })

    expect([one.status, all.status]).toEqual([200, 200])
    expect(asked.map(({ service }) => service)).toEqual(['payment'])
    expect(asked[0]!.headers).toMatchObject({ [PASSED_HEADER]: operator.token })
    expect(mesh.requests.map(({ service }) => service).sort()).toEqual(['inventory', 'order', 'payment'])
  })

  it('that were seen are replayed, each where it is, and no others', async () => {
    mesh.answer(routes.replay, () => ({ status: 200, body: { items: [] } }))
    const letter_ids = ['order-9', 'payment-1', 'order-3']

    await operator.post('/ops/dead-letters/replay', { letter_ids, reason })

    const asked = mesh.requests.map(({ service, body }) => [service, JSON.parse(String(body)) as object])
    expect(Object.fromEntries(asked)).toEqual({
      order: { letter_ids: ['order-9', 'order-3'], dry_run: false, reason },
      payment: { letter_ids: ['payment-1'], dry_run: false, reason },
    })
  })

  it('are no business of a customer', async () => {
    const [customer, anyone] = [await ops.people.customer(), ops.people.anyone()]
    const asked = [
      await customer.get('/ops/dead-letters'),
      await customer.post('/ops/dead-letters/replay', { reason }),
      await customer.post('/ops/dead-letters/order-1/discard', { reason }),
      await anyone.get('/ops/dead-letters'),
    ]
    expect(asked.map(({ status }) => status)).toEqual([403, 403, 403, 401])
    expect(mesh.requests).toEqual([])
  })
})

it('an archive is sent again by every service that publishes', async () => {
  mesh.answer(republishRoute('cart'), () => ({ status: 200, body: { events: 3 } }))
  const body = { since: '2026-01-01T00:00:00.000Z', until: '2026-01-02T00:00:00.000Z', reason }

  const answer = await operator.post<{ items: object[] }>('/ops/events/republish', body)

  expect(answer.body.items).toContainEqual({ service: 'cart', events: 3 })
  expect(answer.body.items).toHaveLength(4)
})
