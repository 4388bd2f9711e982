import { until } from '@lepton/testing/until'
import { client, operator, settled, target, uniqueName } from '../journeys/world.ts'

/** Five tries of a record take a second and a half before it is a dead letter. */
const DEAD_TIMEOUT_MS = 30_000
export const BROKEN_PRODUCT = 'picnic-blanket'
/** A rule that nothing foresaw: what breaks it can be applied when the rule is gone. */
const RULE = {
  add: `alter table stock_ledger add constraint journey_rule check (product_id <> '${BROKEN_PRODUCT}' or kind <> 'RESERVE') not valid`,
  drop: 'alter table stock_ledger drop constraint if exists journey_rule',
}

/** A product whose orders cannot be applied until it is repaired; it is at the end in any case. */
export async function breakableProduct() {
  const shopper = await client.shopper()
  const repair = () => target.alter('inventory', RULE.drop)
  await target.alter('inventory', RULE.add)
  return {
    /** An order that is stuck: its event is a dead letter. */
    order: async () => {
      const orderId = await shopper.place([{ item_id: BROKEN_PRODUCT, quantity: 1 }])
      await until(
        'its event is a dead letter',
        async () => {
          const { body } = await operator.ask<{ items: { key: string }[] }>(
            'GET',
            '/api/v1/ops/dead-letters?status=DEAD',
          )
          return body.items.some(({ key }) => key === orderId)
        },
        { timeoutMs: DEAD_TIMEOUT_MS },
      )
      return orderId
    },
    repair,
    /** Puts it right behind the console's back. */
    replay: async (orderId: string) => {
      await repair()
      const body = { key: orderId, reason: 'a journey' }
      await operator.ask('POST', '/api/v1/ops/dead-letters/replay', { key: uniqueName('replay'), body })
      await settled(shopper, orderId, ['COMPLETED'])
    },
    [Symbol.asyncDispose]: repair,
  }
}
