import { randomUUID } from 'node:crypto'
import type { ShopClient } from '@lepton/testing/shop-client'
import { stocked } from './orders.ts'

const SHOPPERS = 32

export interface Asked {
  askedAtMs: number
  answeredAtMs: number
  /** Undefined where no answer came. */
  status: number | undefined
  orderId: string | undefined
}

/** Orders at a steady pace, whether answers come or not, on the machine's clock; each is asked for once. */
export async function startOrders(
  client: ShopClient,
  perS: number,
): Promise<{ stop(): Promise<readonly Asked[]> }> {
  const items = await stocked(client)
  const shoppers = await Promise.all(Array.from({ length: SHOPPERS }, () => client.shopper()))
  const asked: Promise<Asked>[] = []

  async function ask(index: number): Promise<Asked> {
    const askedAtMs = Date.now()
    const lines = [{ item_id: items[index % items.length]!, quantity: 1 }]
    const answer = await shoppers[index % SHOPPERS]!.ask<{ order_id?: string }>('POST', '/api/v1/orders', {
      key: randomUUID(),
      body: { lines, payment_token: 'tok_approved', mode: 'saga' },
    }).catch(() => undefined)
    return {
      askedAtMs,
      answeredAtMs: Date.now(),
      status: answer?.status,
      orderId: answer?.status === 202 ? answer.body.order_id : undefined,
    }
  }

  const timer = setInterval(() => asked.push(ask(asked.length)), 1_000 / perS)
  return {
    stop: () => {
      clearInterval(timer)
      return Promise.all(asked)
    },
  }
}

/** How many of them were accepted, and how the others were answered. */
export function answersTo(asked: readonly Asked[]): string {
  const byStatus = Map.groupBy(asked, ({ status }) => status)
  const accepted = byStatus.get(202)?.length ?? 0
  const failed = [...byStatus].flatMap(([status, { length }]) =>
    status === 202 ? [] : [`${status ?? 'no answer'} × ${length}`],
  )
  return `accepted ${accepted}, failed ${failed.join(', ') || 'none'}`
}
