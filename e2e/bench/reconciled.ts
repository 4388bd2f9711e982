import { readFile } from 'node:fs/promises'
import type { Shop } from '@lepton/local/shop-types'
import type { ShopClient } from '@lepton/testing/shop-client'

interface Page {
  orders: number
  violations: { invariant: string; what: string }[]
  next_cursor: string | null
}

/** How many orders the shop itself checked, and which invariants it found broken. */
export async function reconciled(shop: Shop, client: ShopClient): Promise<string> {
  const operator = await client.operator((await readFile(shop.operatorSecretFile, 'utf8')).trim())
  let orders = 0
  const broken: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const { status, body }: { status: number; body: Page } = await operator.ask<Page>(
      'GET',
      `/api/v1/ops/reconcile${cursor}`,
    )
    if (status !== 200) throw new Error(`reconcile answered ${status}: ${JSON.stringify(body)}`)
    orders += body.orders
    broken.push(...body.violations.map(({ invariant, what }) => `${invariant} ${what}`))
    cursor = body.next_cursor === null ? null : `?cursor=${body.next_cursor}`
  }
  return `${orders} orders, ${broken.length} violations ${broken.slice(0, 3).join('; ')}`
}
