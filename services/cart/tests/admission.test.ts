import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Cart } from '@lepton/contracts/cart'
import { checkAdmission } from '@lepton/contracts/order-routes'
import { freshKey } from '@lepton/testing/builders'
import { problemAnswer } from '@lepton/testing/mesh'
import type { Person } from '@lepton/testing/people'
import { useCartService } from './cart-service.ts'

const shop = useCartService()
beforeEach(() => {
  shop.prices({ beans: 1_250 })
  shop.mesh.away(checkAdmission)
  shop.mesh.requests.length = 0
})

async function customerWithBeans(): Promise<Person> {
  const customer = await shop.people.customer()
  await customer.post('/cart', { item_id: 'beans', quantity: 3 })
  return customer
}

const checkOut = (customer: Person, key = freshKey(), body: object = {}) =>
  customer.post<{ type?: string; order_id?: string }>('/cart/checkout', body, { key })

describe('a checkout asks the order service first', () => {
  it('and says how many units it wants, and whether there is a card', async () => {
    const customer = await customerWithBeans()
    shop.mesh.answer(checkAdmission, () => ({ status: 204 }))

    expect((await checkOut(customer)).status).toBe(202)

    const asked = shop.mesh.requests.find(({ operation }) => operation === checkAdmission.operation)
    expect(JSON.parse(String(asked!.body))).toEqual({ units: 3, is_paid: false })
  })

  it('and is refused with its reason, the cart as it was', async () => {
    const customer = await customerWithBeans()
    shop.mesh.answer(checkAdmission, () => problemAnswer('too-many-open-orders'))
    const key = freshKey()

    expect(await checkOut(customer, key)).toMatchObject({
      status: 409,
      body: { type: '/problems/too-many-open-orders' },
    })
    expect((await customer.get<Cart>('/cart')).body.lines).toMatchObject([{ item_id: 'beans', quantity: 3 }])

    shop.mesh.answer(checkAdmission, () => ({ status: 204 }))
    expect((await checkOut(customer, key)).status).toBe(202)
  })

  it('and passes on that there is too much to do', async () => {
    const customer = await customerWithBeans()
    shop.mesh.answer(checkAdmission, () => ({
      ...problemAnswer('overloaded'),
      headers: { 'lepton-fault': 'overload', 'retry-after': '1' },
    }))

    expect(await checkOut(customer)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1', 'lepton-fault': 'overload' },
    })
  })

  it('and is accepted while that one is away', async () => {
    expect((await checkOut(await customerWithBeans())).status).toBe(202)
  })

  it('and a repeat is answered though there is no more room', async () => {
    const customer = await customerWithBeans()
    const key = freshKey()
    const first = await checkOut(customer, key)
    await customer.post('/cart', { item_id: 'beans', quantity: 1 })
    shop.mesh.answer(checkAdmission, () => problemAnswer('too-many-open-orders'))

    const again = await checkOut(customer, key)

    expect([again.status, again.body.order_id]).toEqual([202, first.body.order_id])
  })
})
