import { answer, type Endpoint } from '@lepton/common/http'
import { exportCharges } from '@lepton/contracts/audit'
import { createCharge, listCharges, moveCharge } from '@lepton/contracts/psp'
import { asTheCardDoes, createRateLimit, refusalOf } from './cards.ts'
import type { Ledger } from './ledger.ts'

export function pspRoutes(ledger: Ledger): Endpoint[] {
  const limitRate = createRateLimit()
  return [
    answer(createCharge, async ({ body, idempotencyKey: key, req }) => {
      limitRate(body.payment_token, key)
      if (body.payment_token === 'tok_broken')
        return { status: 422, body: { detail: 'this card is not taken' } }
      const decline_reason = body.payment_token === 'tok_declined' ? 'insufficient funds' : null
      return asTheCardDoes(ledger.authorize(key, { ...body, decline_reason }), req)
    }),
    answer(moveCharge, async ({ params, idempotencyKey: key, req }) => {
      const { charge_id, move } = params
      limitRate(ledger.get(charge_id)?.payment_token, key)
      const moved = ledger.move(key, charge_id, move, (charge, refused) => refusalOf(charge, move, refused))
      return asTheCardDoes(moved, req)
    }),
    answer(exportCharges, ({ query: { from, to } }) =>
      Promise.resolve({ status: 200, body: { items: ledger.export(from, to) } }),
    ),
    answer(listCharges, ({ query }) =>
      Promise.resolve({ status: 200, body: { items: ledger.find(query.merchant_reference) } }),
    ),
  ]
}
