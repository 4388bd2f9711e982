import { setTimeout as delay } from 'node:timers/promises'
import type { Reply } from '@lepton/common/http/reply'
import { refuse } from '@lepton/shop/refuse'
import { type Answer, type BookedCharge, type Move, type MoveRefusal, SLOW_MS } from './ledger-store.ts'

/** Longer than any client waits. */
const SILENCE_MS = 60_000
const RETRY_AFTER_S = 1
const MAX_KEYS = 10_000

/** Why a card does not let its charge be moved. */
export function refusalOf(
  { payment_token: card }: BookedCharge,
  move: Move,
  refused: number,
): MoveRefusal | undefined {
  if (card === 'tok_capture_fails' && move === 'capture')
    return { why: 'the issuer withdrew the authorisation' }
  if (card === 'tok_authorization_lapses' && move !== 'refund')
    return { why: 'the authorisation has lapsed', becomes: 'EXPIRED' }
  if (card === 'tok_refund_refused_once' && move === 'refund' && refused === 0)
    return { why: 'the issuer takes no refund at the moment' }
  return undefined
}

/** Turns the first request with each key away that comes with the card for that; throws the 429. */
export function createRateLimit(): (card: string | undefined, key: string) => void {
  const known = new Set<string>()
  return (card, key) => {
    if (card !== 'tok_rate_limited' || known.has(key)) return
    // Forgetting a key means one more 429: the caller asks again either way.
    if (known.size >= MAX_KEYS) known.clear()
    known.add(key)
    throw refuse('too-many-requests', 'the test card that is rate limited', { retryAfterS: RETRY_AFTER_S })
  }
}

/** Answers what is booked, in the manner of the card: late, or the first time not at all. */
export async function asTheCardDoes(
  { charge, refusal, isRepeat }: Answer,
  req: { destroyed: boolean; destroy(): void },
): Promise<Reply> {
  const card = charge?.payment_token
  if (card === 'tok_conflict_after_commit')
    throw refuse('request-in-progress', 'the test card whose answers are conflicts')
  if (!isRepeat && card === 'tok_slow') await delay(SLOW_MS)
  if (!isRepeat && card === 'tok_error_after_commit')
    throw new Error('the test card that fails after the booking')
  if (!isRepeat && card === 'tok_timeout') {
    await delay(SILENCE_MS, undefined, { ref: false })
    req.destroy()
  }
  if (refusal === undefined) return { status: 200, body: charge }
  const isByCard = card === 'tok_refund_refused_once' && charge?.state === 'CAPTURED'
  return { status: isByCard ? 402 : 422, body: { detail: refusal } }
}
