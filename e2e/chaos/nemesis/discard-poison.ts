import { createShopClient } from '@lepton/testing/shop-client'
import type { DeadLetter, DeadLetterDetail } from '@lepton/contracts/dead-letters'
import type { ChaosShop } from '../chaos-shop.ts'
import { POISON_HEADER } from '../collect/topics.ts'

const LETTERS = '/api/v1/ops/dead-letters'
const REASON = 'put there by the chaos suite'
const TIMEOUT_MS = 10_000

/** Gives up what the harness poisoned, as an operator would, so that the keys behind it go on; how many. */
export async function discardPoison(shop: ChaosShop): Promise<number> {
  const [gateway] = shop.gateways()
  const client = createShopClient(gateway!, { connections: 2, timeoutMs: TIMEOUT_MS })
  try {
    const operator = await client.operator(shop.operatorSecret)
    const { status, body } = await operator.ask<{ items: DeadLetter[] }>(
      'GET',
      `${LETTERS}?status=DEAD&limit=100`,
    )
    if (status !== 200) throw new Error(`GET ${LETTERS} answered ${status}`)
    let count = 0
    for (const { letter_id } of body.items) {
      const letter = await operator.ask<DeadLetterDetail>('GET', `${LETTERS}/${letter_id}`)
      if (letter.status !== 200 || !(POISON_HEADER in letter.body.headers)) continue
      const discarded = await operator.ask('POST', `${LETTERS}/${letter_id}/discard`, {
        body: { reason: REASON },
      })
      if (discarded.status !== 200) throw new Error(`${letter_id} is not discarded: ${discarded.status}`)
      count++
    }
    return count
  } finally {
    await client.close()
  }
}
