export interface PlaceSettings {
  /** How many have a place at once; it may change. */
  limit: () => number
  /** Of one customer. */
  maxPerCustomer: number
  /** Who waits for one, likewise. */
  maxWaiting: number
  maxWaitingPerCustomer: number
}

export interface Places {
  /** Resolves with the way out once there is a place; undefined where too many wait already. */
  enter(customerId: string): Promise<() => void> | undefined
  inside(): number
  /** How many come before one more of this customer. */
  turnsBefore(customerId: string): number
}

interface Customer {
  inside: number
  waiting: ((leave: () => void) => void)[]
}

/**
 * Places that customers share: one of them never has more than its own, and those who wait come in turn by customer,
 * so that a hundred orders of one wait behind a single order of another.
 */
export function createPlaces(settings: PlaceSettings): Places {
  // In the order of their turns: a customer who got a place goes to the end.
  const customers = new Map<string, Customer>()
  let inside = 0
  let waiting = 0

  function admit(id: string, customer: Customer): () => void {
    customer.inside++
    inside++
    return () => {
      customer.inside--
      inside--
      if (customer.inside === 0 && customer.waiting.length === 0) customers.delete(id)
      callNext()
    }
  }

  function callNext(): void {
    for (const [id, customer] of customers) {
      if (inside >= settings.limit()) return
      if (customer.inside >= settings.maxPerCustomer) continue
      const next = customer.waiting.shift()
      if (next === undefined) continue
      waiting--
      customers.delete(id)
      customers.set(id, customer)
      next(admit(id, customer))
    }
  }

  return {
    inside: () => inside,
    turnsBefore: (id) => {
      const own = customers.get(id)?.waiting.length ?? 0
      let turns = 0
      for (const { waiting: others } of customers.values()) turns += Math.min(others.length, own + 1)
      return turns
    },
    enter: (id) => {
      const customer = customers.get(id) ?? { inside: 0, waiting: [] }
      customers.set(id, customer)
      if (inside < settings.limit() && customer.inside < settings.maxPerCustomer)
        return Promise.resolve(admit(id, customer))
      if (waiting >= settings.maxWaiting || customer.waiting.length >= settings.maxWaitingPerCustomer)
        return undefined
      waiting++
      return new Promise((resolve) => customer.waiting.push(resolve))
    },
  }
}
