import { beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { getOrder } from '@lepton/contracts/order-routes'
import { ROUTES } from '@lepton/contracts/routes'
import { freshKey } from '@lepton/testing/builders'
import { problemAnswer } from '@lepton/testing/mesh'
import { describeRefusals } from '@lepton/testing/route-suite'
import { useCartService } from './cart-service.ts'

const shop = useCartService()
beforeEach(() => {
  shop.prices({ 'espresso-beans': 1_250 })
  shop.mesh.answer(getOrder, () => problemAnswer('not-found'))
})

describeRefusals(
  shop,
  ROUTES.filter(({ owner }) => owner === 'cart'),
  {
    add_to_cart: { item_id: 'espresso-beans', quantity: 1 },
    remove_from_cart: { item_id: 'espresso-beans' },
    set_cart_item: { quantity: 1 },
    check_out_cart: { payment_token: 'tok_approved', mode: 'saga', cart_version: 1, amount_minor: 100 },
    restore_cart: { order_id: newId() },
  },
)

describe('another customer’s', () => {
  it('cart is not seen', async () => {
    const [alice, bob] = [await shop.people.customer(), await shop.people.customer()]
    await alice.post('/cart', { item_id: 'espresso-beans', quantity: 1 })
    expect((await bob.get('/cart')).body).toMatchObject({ lines: [] })
  })

  it('checkout does not exist', async () => {
    const [alice, bob] = [await shop.people.customer(), await shop.people.customer()]
    await alice.post('/cart', { item_id: 'espresso-beans', quantity: 1 })
    const { body } = await alice.post<{ order_id: string }>('/cart/checkout', {}, { key: freshKey() })

    expect((await bob.get(`/checkouts/${body.order_id}`)).status).toBe(404)
    expect((await bob.get<{ items: [] }>('/checkouts')).body.items).toEqual([])
    expect((await alice.get(`/checkouts/${body.order_id}`)).status).toBe(200)
  })

  it('order is not put back into one’s own cart', async () => {
    const bob = await shop.people.customer()
    const answer = await bob.post('/cart/restore', { order_id: newId() }, { key: freshKey() })
    expect(answer.status).toBe(404)
  })

  it('key is another key', async () => {
    const [alice, bob] = [await shop.people.customer(), await shop.people.customer()]
    const key = freshKey()
    const orders = []
    for (const customer of [alice, bob]) {
      await customer.post('/cart', { item_id: 'espresso-beans', quantity: 1 })
      orders.push((await customer.post<{ order_id: string }>('/cart/checkout', {}, { key })).body.order_id)
    }
    expect(new Set(orders).size).toBe(2)
  })
})
