import type { Part } from '@lepton/common/runtime/lifecycle'
import { startSweep, startTimer } from '@lepton/common/runtime/timer'
import { resumeTrace } from '@lepton/common/runtime/span'
import { within } from '@lepton/common/runtime/wait'
import type { Deps } from './deps.ts'
import type { Begun, Placement } from './order.ts'
import { createPlaces } from './places.ts'
import { recoverDue } from './settle-phase.ts'
import { deleteOldTransactions } from './transaction-store.ts'
import { runTryPhase } from './try-phase.ts'

/** An order that would come after more turns than these, for each place, is refused: it would wait for seconds. */
const TURNS_PER_PLACE = 8
/** Of what was accepted elsewhere and cannot be refused: more are not asked for, and their deadline cancels them. */
const MAX_WAITING = { maxWaiting: 1_000, maxWaitingPerCustomer: 100 }
/** For what other processes left; what begins or is postponed here wakes the recovery itself. */
const RECOVER_EVERY_MS = 2_000
/** Transactions whose second phase is carried out at once by a process: what comes beyond them waits in its row. */
const MAX_SETTLING = 64

export interface Coordinator extends Part {
  /** Whether so many orders wait for their tries that one more of this customer is refused. */
  isFull(customerId: string): boolean
  /** Resolves when an order that was begun here is decided, or after `timeoutMs`. */
  decided(orderId: string, timeoutMs: number): Promise<void>
  /** Carries out what is decided and due now. */
  settle(): Promise<void>
}

/**
 * Drives two-phase orders: the first phase of those that were accepted here, and whatever of the second is
 * due, also of orders that another process began.
 */
export function startCoordinator(deps: Deps): Coordinator {
  const { database, log } = deps
  const inFlight = new Map<string, Promise<void>>()
  const { tries, maxTriesPerCustomer: maxPerCustomer } = deps
  const places = createPlaces({ limit: tries.limit, maxPerCustomer, ...MAX_WAITING })
  const settling = new Set<Promise<void>>()
  let isMore = false
  let isStopped = false

  async function drive(placement: Placement, place: Promise<() => void>): Promise<void> {
    const leave = await place
    try {
      if (!isStopped) await runTryPhase(deps, placement)
    } catch (error) {
      log.warn({ err: error, order_id: placement.order_id }, 'an order is left to its deadline')
    } finally {
      tries.judge(places.inside())
      leave()
      inFlight.delete(placement.order_id)
    }
  }

  /** Begins what is due: what is slow holds up its own place only. */
  async function settleDue(): Promise<void> {
    const free = MAX_SETTLING - settling.size
    if (free === 0) return
    const ends = await recoverDue(deps, free, () => recovery.wake())
    isMore = ends.length === free
    for (const end of ends) {
      settling.add(end)
      void end.finally(() => {
        settling.delete(end)
        if (isMore) recovery.wake()
      })
    }
  }

  const recovery = startTimer(
    'two-phase recovery',
    RECOVER_EVERY_MS,
    async () => {
      await settleDue()
      return false
    },
    log,
  )
  const sweep = startSweep('two-phase transactions', (limit) => deleteOldTransactions(database, limit), log)

  /** Asks the branches of an order that is durable now. */
  function begin(placement: Begun): void {
    const place = places.enter(placement.customer_id)
    if (place === undefined) {
      log.warn(
        { order_id: placement.order_id },
        'too many orders are in flight: this one is left to its deadline',
      )
      return
    }
    const driven = resumeTrace(placement, { name: 'two-phase', kind: 'internal' }, () =>
      drive(placement, place),
    )
    inFlight.set(placement.order_id, driven)
  }

  deps.committed.add(({ registered, hasDecisions }) => {
    registered.forEach(begin)
    if (hasDecisions) recovery.wake()
  })

  return {
    isFull: (customerId) => places.turnsBefore(customerId) >= TURNS_PER_PLACE * tries.limit(),
    decided: async (orderId, timeoutMs) => {
      const driven = inFlight.get(orderId)
      if (driven === undefined || timeoutMs <= 0) return
      await within(timeoutMs, driven, undefined)
    },
    settle: async () => {
      await settleDue()
      await Promise.all(settling)
    },
    stop: async () => {
      isStopped = true
      await Promise.all([...inFlight.values(), recovery.stop(), sweep.stop()])
      await Promise.all(settling)
    },
  }
}
