import { createClient, isFinal } from '@lepton/client'

export const CROWD = { guests: 8, ordersPerS: 5 }

/** A crowd is patient: it asks again while the shop is hit. */
const PATIENT = { maxTries: 12, maxDelayMs: 2_000 }
const LOOK_MS = 1_000

export interface Tally {
  accepted: number
  ended: number
  /** What the shop never accepted, in spite of all tries. */
  refused: number
}

export interface Crowd {
  /** No more orders from now on; those that were placed are still followed. */
  stopBuying: () => void
  tally: () => Tally
  leave: () => void
}

/** Guests of the shop, each with a session of its own, who go on buying whatever happens; this browser's cookie is not theirs. */
export function startCrowd(onChange: (tally: Tally) => void): Crowd {
  const guests = Array.from({ length: CROWD.guests }, () => ({
    client: createClient({ url: '', session: 'bearer', retry: PATIENT }),
    open: new Set<string>(),
    isLooking: false,
  }))
  const tally: Tally = { accepted: 0, ended: 0, refused: 0 }
  const leaving = new AbortController()
  let turn = 0

  async function buy(): Promise<void> {
    const { client, open } = guests[turn++ % guests.length]!
    try {
      const { order_id } = await client.ask('POST', '/orders', {
        body: { lines: [{ item_id: 'espresso-cups', quantity: 1 }], payment_token: 'tok_approved' },
        signal: leaving.signal,
      })
      open.add(order_id)
      tally.accepted++
    } catch {
      if (leaving.signal.aborted) return
      tally.refused++
    }
    onChange({ ...tally })
  }

  /** One look at a time: while the shop is away, they would pile up. */
  async function look(guest: (typeof guests)[number]): Promise<void> {
    if (guest.open.size === 0 || guest.isLooking) return
    guest.isLooking = true
    try {
      const { items } = await guest.client.orders({ limit: 100 })
      for (const { order_id, status } of items)
        if (isFinal(status) && guest.open.delete(order_id)) tally.ended++
      onChange({ ...tally })
    } catch {
      // What cannot be read now is read the next time.
    } finally {
      guest.isLooking = false
    }
  }

  const buying = setInterval(() => void buy(), 1_000 / CROWD.ordersPerS)
  const looking = setInterval(() => guests.forEach((guest) => void look(guest)), LOOK_MS)
  return {
    stopBuying: () => clearInterval(buying),
    tally: () => ({ ...tally }),
    leave: () => {
      clearInterval(buying)
      clearInterval(looking)
      leaving.abort()
    },
  }
}
