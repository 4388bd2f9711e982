import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from '@jest/globals'
import { createClient } from '@lepton/client'
import { ROOT } from '@lepton/local/root'
import { chargesOf, target } from './world.ts'

const run = promisify(execFile)

export function clientLibrary(): void {
  it.concurrent('buys as its README shows', async () => {
    const example = join(ROOT, 'packages', 'client', 'example', 'buy.ts')

    const { stdout } = await run(process.execPath, [example, target.gateway])

    expect(stdout.trimEnd().split('\n').at(-1)).toBe('COMPLETED 158 EUR')
  })

  it.concurrent('follows an order that waits for its payment, and sees it end', async () => {
    const shop = createClient({ url: target.gateway })
    await shop.addToCart('head-torch')
    const { order_id } = await shop.checkOut()
    const seen: string[] = []

    for await (const { order } of shop.followOrder(order_id, { pollMs: 50 })) {
      if (seen.length === 0) await shop.payOrder(order_id, 'tok_approved')
      seen.push(order.status)
    }

    expect(seen.at(-1)).toBe('COMPLETED')
    expect(await chargesOf(order_id)).toMatchObject([{ state: 'CAPTURED' }])
    expect((await shop.orders()).items.map((order) => order.order_id)).toEqual([order_id])
  })

  it.concurrent('orders once under one key, however often it is asked and by how many', async () => {
    const shop = createClient({ url: target.gateway })
    await shop.addToCart('head-torch')
    const options = { idempotencyKey: crypto.randomUUID() }

    const answers = await Promise.all([1, 2, 3].map(() => shop.checkOut('tok_approved', options)))

    expect(new Set(answers.map(({ order_id }) => order_id)).size).toBe(1)
    expect((await shop.orders()).items).toHaveLength(1)
  })
}
