/** One wish to order, kept until the shop has answered it: pressed twice or reloaded, it is still one order. */
export interface Attempt {
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

export function savedAttempt(storage: Pick<Storage, 'getItem'>): Attempt | undefined {
  const text = storage.getItem(NAME)
  return text === null ? undefined : (JSON.parse(text) as Attempt)
}

/** The attempt that is saved if it is the same wish, otherwise a new one with a key of its own. */
export function attemptFor(
  body: Attempt['body'],
  storage: Pick<Storage, 'getItem' | 'setItem'>,
  newKey: () => string,
): Attempt {
  const saved = savedAttempt(storage)
  if (saved !== undefined && isSame(saved.body, body)) return saved
  const attempt = { key: newKey(), body }
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
