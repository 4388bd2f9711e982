import { expect, it } from '@jest/globals'
import { createShopClient } from '@lepton/testing/shop-client'
import { client, settled, target } from '../journeys/world.ts'
import { visit } from './guest.ts'
import { giveUp, RAIDS } from './raids.ts'

const FINISH_TIMEOUT_MS = 60_000

/** Findings 1 to 6 as their victims met them. */
export function innocent(): void {
  it.each(RAIDS)('loses no request and no order to $what (finding $finding)', async ({ run }) => {
    const crowd = createShopClient(target.gateway, { connections: 256, timeoutMs: 60_000 })
    const [guest, attacker] = [await client.shopper(), await crowd.shopper()]
    let isOver = false

    const visiting = visit(guest, () => isOver)
    try {
      await run(attacker, target.gateway)
    } finally {
      isOver = true
    }
    const { failures, orderIds } = await visiting

    expect(failures).toEqual([])
    for (const orderId of orderIds) {
      expect(await settled(guest, orderId, undefined, FINISH_TIMEOUT_MS)).toMatchObject({
        status: 'COMPLETED',
      })
    }
    await giveUp(attacker)
    await crowd.close()
  })
}
