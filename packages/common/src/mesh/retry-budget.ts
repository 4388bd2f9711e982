export interface RetryBudgetSettings {
  /** Retries allowed for each request of the last `ttlMs`. */
  share: number
  ttlMs: number
  /** Allowed in any case, so that a quiet client may retry too. */
  minPerS: number
}

export const retryBudgetDefaults: RetryBudgetSettings = { share: 0.2, ttlMs: 10_000, minPerS: 1 }

export interface RetryBudget {
  deposit(): void
  /** False when retries would become a load of their own. */
  withdraw(): boolean
  /** Retries that would be allowed at this moment. */
  balance(): number
}

const SLOTS = 10

/** Bounds the retries to one target to a share of its requests, whatever fails and however much. */
export function createRetryBudget(
  { share, ttlMs, minPerS }: RetryBudgetSettings,
  now: () => number,
): RetryBudget {
  const slots = new Array<number>(SLOTS).fill(0)
  const slotMs = ttlMs / SLOTS
  const reserve = (minPerS * ttlMs) / 1000
  let current = Math.floor(now() / slotMs)

  function advance(): void {
    const slot = Math.floor(now() / slotMs)
    if (slot - current >= SLOTS) slots.fill(0)
    else for (let passed = current + 1; passed <= slot; passed++) slots[passed % SLOTS] = 0
    current = slot
  }

  function add(amount: number): void {
    advance()
    slots[current % SLOTS]! += amount
  }

  function balance(): number {
    advance()
    return reserve + slots.reduce((sum, amount) => sum + amount, 0)
  }

  return {
    deposit: () => add(share),
    withdraw() {
      // Shares like 0.2 do not add up exactly.
      if (balance() < 1 - 1e-9) return false
      add(-1)
      return true
    },
    balance,
  }
}
