import { beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import {
  auditCheckouts,
  auditOrders,
  auditPayments,
  auditReservations,
  auditStock,
} from '@lepton/contracts/audit'
import { createFakeMesh } from '@lepton/testing/mesh'
import { type Position, reconcileFrom, START } from '../src/audit.ts'

const mesh = createFakeMesh()
const order_id = newId()
const order = {
  order_id,
  status: 'COMPLETED',
  amount_minor: 700,
  units: { 'desk-lamp': 1 },
  is_settled: true,
  pub_seq: 0,
  last_inv_seq: 0,
  last_pay_seq: 0,
}
const finding = { invariant: 'I7', what: 'found by payment itself' }
let away: string | undefined

beforeEach(() => {
  away = undefined
  const answers: Record<string, object> = {
    order: { items: [order], findings: [] },
    inventory: { items: [], findings: [] },
    payment: { items: [], charges: [], findings: [finding] },
    cart: { items: [], findings: [] },
  }
  for (const route of [auditOrders, auditReservations, auditPayments, auditCheckouts])
    mesh.answer(route, ({ service }) =>
      service === away ? { status: 503 } : { status: 200, body: answers[service]! },
    )
})

const reconcile = (position: Position = { from: order_id }) =>
  reconcileFrom(mesh, position, 100, () => Promise.resolve({}))

describe('reconciling', () => {
  it('finds what the services contradict each other in, and what each finds itself', async () => {
    const { violations, incomplete, settled } = await reconcile()

    expect(violations).toContainEqual(finding)
    expect(violations).toContainEqual({
      invariant: 'I8',
      what: 'is COMPLETED and its payment NONE',
      order_id,
    })
    expect([settled, incomplete]).toEqual([1, []])
  })

  it.each(['inventory', 'payment', 'cart', 'order'])(
    'calls nothing broken that only looks so because %s is away, and names it',
    async (service) => {
      away = service

      const { violations, incomplete } = await reconcile()

      expect(violations).toEqual(service === 'payment' ? [] : [finding])
      expect(incomplete).toEqual([{ service, problem: 'unavailable' }])
    },
  )

  it('goes through the products first, and then through the orders', async () => {
    const wrong = { invariant: 'I2', what: 'desk-lamp: counted otherwise' }
    mesh.answer(auditStock, ({ query }) => {
      const isFirst = !query.has('after')
      return { status: 200, body: { findings: isFirst ? [] : [wrong], next: isFirst ? 'desk-lamp' : null } }
    })

    const products = await reconcile(START)
    expect(products).toMatchObject({ orders: 0, violations: [], next: { after: 'desk-lamp' } })
    const rest = await reconcile(products.next)
    expect(rest).toMatchObject({ orders: 1, next: undefined })
    expect(rest.violations).toContainEqual(wrong)
  })

  it('goes on with the orders, and says so, while the products cannot be looked at', async () => {
    mesh.answer(auditStock, () => ({ status: 503 }))

    const { orders, incomplete } = await reconcile(START)
    expect([orders, incomplete]).toEqual([1, [{ service: 'inventory', problem: 'unavailable' }]])
  })

  it('names every service that gave no part, of the products or of the orders', async () => {
    mesh.answer(auditStock, () => ({ status: 503 }))
    away = 'payment'

    const { incomplete } = await reconcile(START)
    expect(incomplete.map(({ service }) => service).sort()).toEqual(['inventory', 'payment'])
  })
})
