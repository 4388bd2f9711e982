import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Log } from '@lepton/common/runtime/log'
import { exportCharges } from '@lepton/contracts/audit'
import { createCharge, listCharges, moveCharge } from '@lepton/contracts/psp'
import { asTheCardDoes, createRateLimit, refusalOf } from './cards.ts'
import type { Answer, Ledger } from './ledger-store.ts'

export function pspRoutes(ledger: Ledger, log: Log): Endpoint[] {
  const limitRate = createRateLimit()

  /** A line for each request, under the name that the merchant knows the charge by. */
  function noted(
    op: string,
    { merchant_reference }: { merchant_reference?: string | undefined },
    answer: Answer,
  ) {
    const { charge, refusal, isRepeat } = answer
    log.info(
      { merchant_reference, op, state: charge?.state, refusal, is_repeat: isRepeat },
      'charge requested',
    )
    return answer
  }

  return [
    answer(createCharge, async ({ body, idempotencyKey: key, req }) => {
      limitRate(body.payment_token, key)
      if (body.payment_token === 'tok_broken')
        return { status: 422, body: { detail: 'this card is not accepted' } }
      const decline_reason = body.payment_token === 'tok_declined' ? 'insufficient funds' : null
      return asTheCardDoes(noted('authorize', body, ledger.authorize(key, { ...body, decline_reason })), req)
    }),
    answer(moveCharge, async ({ params, idempotencyKey: key, req }) => {
      const { charge_id, move } = params
      const known = ledger.get(charge_id)
      limitRate(known?.payment_token, key)
      const moved = ledger.move(key, charge_id, move, (charge, refused) => refusalOf(charge, move, refused))
      return asTheCardDoes(noted(move, { merchant_reference: known?.merchant_reference }, moved), req)
    }),
    answer(exportCharges, ({ query: { from, to } }) =>
      Promise.resolve({ status: 200, body: { items: ledger.export(from, to) } }),
    ),
    answer(listCharges, ({ query }) =>
      Promise.resolve({ status: 200, body: { items: ledger.find(query.merchant_reference) } }),
    ),
  ]
}
