import { setTimeout as delay } from 'node:timers/promises'
import { answer, type Endpoint, type Reply } from '@lepton/common/http'
import { exportCharges } from '@lepton/contracts/audit'
import { createCharge, listCharges, moveCharge } from '@lepton/contracts/psp'
import { type Answer, type BookedCharge, type Ledger, SLOW_MS } from './ledger.ts'

/** Longer than any client waits. */
const SILENCE_MS = 60_000

export function pspRoutes(ledger: Ledger): Endpoint[] {
  return [
    answer(createCharge, ({ body, idempotencyKey, req }) => {
      if (body.payment_token === 'tok_broken') {
        return Promise.resolve({ status: 422, body: { detail: 'this card is not taken' } })
      }
      const decline_reason = body.payment_token === 'tok_declined' ? 'insufficient funds' : null
      return asTheCardDoes(ledger.authorize(idempotencyKey, { ...body, decline_reason }), req)
    }),
    answer(moveCharge, ({ params, idempotencyKey, req }) => {
      const { charge_id, move } = params
      return asTheCardDoes(
        ledger.move(idempotencyKey, charge_id, move, (charge) => refusalOf(charge, move)),
        req,
      )
    }),
    answer(exportCharges, ({ query: { from, to } }) =>
      Promise.resolve({ status: 200, body: { items: ledger.export(from, to) } }),
    ),
    answer(listCharges, ({ query }) =>
      Promise.resolve({ status: 200, body: { items: ledger.find(query.merchant_reference) } }),
    ),
  ]
}

function refusalOf({ payment_token }: BookedCharge, move: string): string | undefined {
  return payment_token === 'tok_capture_fails' && move === 'capture'
    ? 'the issuer withdrew the authorisation'
    : undefined
}

/** Answers what is booked, in the manner of the card: late, or the first time not at all. */
async function asTheCardDoes(
  { charge, refusal, isRepeat }: Answer,
  req: { destroyed: boolean; destroy(): void },
): Promise<Reply> {
  const card = charge?.payment_token
  if (!isRepeat && card === 'tok_slow') await delay(SLOW_MS)
  if (!isRepeat && card === 'tok_error_after_commit')
    throw new Error('the test card that fails after the booking')
  if (!isRepeat && card === 'tok_timeout') {
    await delay(SILENCE_MS, undefined, { ref: false })
    req.destroy()
  }
  return refusal === undefined ? { status: 200, body: charge } : { status: 422, body: { detail: refusal } }
}
