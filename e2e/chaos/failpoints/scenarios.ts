import { randomUUID } from 'node:crypto'
import { orderIdOf } from '@lepton/shop/order-id'
import { act, type Actor, order, receive } from '../driver/acts.ts'
import { insist, insistOn, untilDecided, untilFinal } from './insist.ts'

/** One kind of operation, carried out to its end whatever dies during it. */
export type Scenario = (actor: Actor) => Promise<void>

const line = ({ goods }: Actor) => ({ item_id: goods.others[0]!, quantity: 1 })
const TOO_MANY = 999

function placing(payment_token: string, mode: 'saga' | 'two_phase' = 'saga'): Scenario {
  return async (actor) => {
    const body = { lines: [line(actor)], payment_token, mode }
    const { order_id } = await insist(actor, { kind: 'place', key: randomUUID(), body })
    await untilFinal(actor, order_id!)
  }
}

export const SCENARIOS = {
  'place, paid': placing('tok_approved'),
  'place, declined': placing('tok_declined'),
  'place, capture fails': placing('tok_capture_fails'),
  'place, answer of the card lost': placing('tok_error_after_commit'),
  'place, out of stock': async (actor) => {
    const body = { lines: [{ ...line(actor), quantity: TOO_MANY }], payment_token: 'tok_approved' }
    const { order_id } = await insist(actor, { kind: 'place', key: randomUUID(), body })
    await untilFinal(actor, order_id!)
  },
  'same key at once': async (actor) => {
    const key = randomUUID()
    const body = { lines: [line(actor)], payment_token: 'tok_approved', mode: 'saga' }
    const twins = Array.from({ length: 3 }, () =>
      order(actor, { kind: 'place', repeat: 'concurrent', key, body }),
    )
    await Promise.all(twins)
    await insist(actor, { kind: 'place', repeat: 'same_key', key, body })
    await untilFinal(actor, orderIdOf(actor.customer.customer_id, '/orders', key))
  },
  checkout: async (actor) => {
    await insistOn(actor, { kind: 'add_to_cart', key: randomUUID(), body: line(actor) }, '/cart')
    const body = { payment_token: 'tok_approved', mode: 'saga' }
    const { order_id } = await insist(actor, { kind: 'checkout', key: randomUUID(), body })
    await untilFinal(actor, order_id!)
  },
  'pay later': async (actor) => {
    const { order_id } = await insist(actor, unpaid(actor))
    const body = { order_id, payment_token: 'tok_approved' }
    await insistOn(actor, { kind: 'pay', order_id: order_id!, key: randomUUID(), body }, '/payments')
    await untilFinal(actor, order_id!)
  },
  cancel: async (actor) => {
    const { order_id } = await insist(actor, unpaid(actor))
    await insistOn(actor, { kind: 'cancel', order_id: order_id! }, `/orders/${order_id!}/cancel`)
    await untilFinal(actor, order_id!)
  },
  expire: async (actor) => {
    const { order_id } = await insist(actor, unpaid(actor))
    await untilFinal(actor, order_id!)
  },
  refund: async (actor) => {
    await refunding(actor, 'saga')
  },
  restock: async (actor) => {
    const body = { product_id: actor.goods.others[0]!, quantity: 5, receipt_id: `chaos-${randomUUID()}` }
    await untilDecided(() => receive(actor, actor.operatorToken!, body))
  },
  'place in two phases': placing('tok_approved', 'two_phase'),
  'place in two phases, declined': placing('tok_declined', 'two_phase'),
  'refund in two phases': async (actor) => {
    await refunding(actor, 'two_phase')
  },
} as const satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof SCENARIOS

function unpaid(actor: Actor) {
  return { kind: 'place_unpaid' as const, key: randomUUID(), body: { lines: [line(actor)] } }
}

async function refunding(actor: Actor, mode: 'saga' | 'two_phase'): Promise<void> {
  const body = { lines: [line(actor)], payment_token: 'tok_approved', mode }
  const { order_id } = await insist(actor, { kind: 'place', key: randomUUID(), body })
  await untilFinal(actor, order_id!)
  const isGivenBack = async () => {
    await insistOn(actor, { kind: 'refund', order_id: order_id! }, `/orders/${order_id!}/refund`)
    return act(actor, { kind: 'read_order', order_id: order_id! }, `/orders/${order_id!}`, 'GET')
  }
  // An order in two phases that met its deadline has nothing to give back.
  await untilDecided(isGivenBack, ({ outcome, answer }) => {
    const { status } = (answer ?? {}) as { status?: string }
    return outcome === 'ok' && (status === 'REFUNDED' || status === 'CANCELLED')
  })
}
