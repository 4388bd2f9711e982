import type { Shopper } from '@lepton/testing/shop-client'

interface Page {
  orders: number
  violations: { invariant: string; what: string }[]
  next_cursor: string | null
}

/** What the shop itself finds when it compares all of its books. */
export async function readBooks(operator: Shopper): Promise<Pick<Page, 'orders' | 'violations'>> {
  const books: Pick<Page, 'orders' | 'violations'> = { orders: 0, violations: [] }
  for (let cursor: string | null = ''; cursor !== null;) {
    const { status, body }: { status: number; body: Page } = await operator.ask<Page>(
      'GET',
      `/api/v1/ops/reconcile${cursor}`,
    )
    if (status !== 200) throw new Error(`reconcile answered ${status}: ${JSON.stringify(body)}`)
    books.orders += body.orders
    books.violations.push(...body.violations)
    cursor = body.next_cursor === null ? null : `?cursor=${body.next_cursor}`
  }
  return books
}
