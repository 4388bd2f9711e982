import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { statePage } from './page.ts'
import { statusTransitions } from './reachable.ts'

describe('docs/order-states.md', () => {
  it('is what the state table says: `pnpm --filter @lepton/order state-page` writes it', () => {
    const page = readFileSync(new URL('../../../../docs/order-states.md', import.meta.url), 'utf8')
    expect(page).toBe(statePage())
  })
})

describe('the status of an order', () => {
  it('changes from a final one by a refund alone', () => {
    const final = ['COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED']
    expect(statusTransitions().filter(({ from }) => final.includes(from))).toEqual([
      { from: 'COMPLETED', to: 'CANCELLING', inputs: ['customer_wants_refund'] },
    ])
  })
})
