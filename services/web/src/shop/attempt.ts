/** One wish to order, kept until the shop has answered it: pressed twice or reloaded, it is still one order. */
export interface Attempt {
  /** When it was made, in ms: after a minute it is not sent again without another press. */
  at: number
  /** Its Idempotency-Key. */
  key: string
  body: {
    payment_token?: string
    mode: 'saga' | 'two_phase'
    cart_version: number
    amount_minor: number
  }
}

const NAME = 'checkout'
const FRESH_MS = 60_000

/** Whether a page that was just loaded may go on with the attempt by itself. */
export const isFresh = ({ at }: Attempt, now = Date.now()): boolean => now - at < FRESH_MS

export function savedAttempt(storage: Pick<Storage, 'getItem'>): Attempt | undefined {
  const text = storage.getItem(NAME)
  return text === null ? undefined : (JSON.parse(text) as Attempt)
}

/** The attempt that is saved if it is the same wish, otherwise a new one with a key of its own. */
export function attemptFor(
  body: Attempt['body'],
  storage: Pick<Storage, 'getItem' | 'setItem'>,
  newKey: () => string,
  now = Date.now(),
): Attempt {
  const saved = savedAttempt(storage)
  if (saved !== undefined && isSame(saved.body, body)) return saved
  const attempt = { at: now, key: newKey(), body }
  storage.setItem(NAME, JSON.stringify(attempt))
  return attempt
}

export function forgetAttempt(storage: Pick<Storage, 'removeItem'>): void {
  storage.removeItem(NAME)
}

function isSame(a: Attempt['body'], b: Attempt['body']): boolean {
  return (
    a.payment_token === b.payment_token &&
    a.mode === b.mode &&
    a.cart_version === b.cart_version &&
    a.amount_minor === b.amount_minor
  )
}
