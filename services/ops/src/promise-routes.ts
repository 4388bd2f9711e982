import { nameOf } from '@lepton/common/http/auth'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Log } from '@lepton/common/runtime/log'
import type { Books } from '@lepton/contracts/figures'
import { checkPromises, listPromises, ONLY_BY_CHAOS, type Promises } from '@lepton/contracts/promises'
import { PROMISE_IDS, type PromiseId, PROMISES } from '@lepton/contracts/promise-names'
import type { Marks } from './marks.ts'
import { noteAct } from './note-act.ts'
import type { Once } from './once.ts'
import type { Reconciliation, Walk } from './reconciliation.ts'

type Look = Pick<Reconciliation, 'latest' | 'incomplete' | 'isChecking' | 'check'>

/** What the shop promises, as the last comparison of all orders found it. */
export function promiseRoutes(
  books: Look,
  { once, ...deps }: { marks: Marks; log: Log; once: Once },
): Endpoint[] {
  return [
    answer(listPromises, () => Promise.resolve({ status: 200, body: shown(books) })),
    answer(checkPromises, ({ body, caller, path, idempotencyKey: key }) =>
      once({ owner: caller.subject, path, key, body }, () => {
        const { reason } = body
        const who = nameOf(caller)
        noteAct(deps, { who, reason, action: 'check', name: 'promises', what: 'check: begun' })
        books.check()
        return Promise.resolve({ status: 202, body: shown(books) })
      }),
    ),
  ]
}

function shown(books: Look): Promises {
  const walk = books.latest()
  return {
    as_of: new Date().toISOString(),
    incomplete: [...books.incomplete()],
    is_checking: books.isChecking(),
    orders: walk?.orders ?? null,
    items: PROMISE_IDS.map((id) => ({
      id,
      promise: PROMISES[id],
      ...verdict(id, walk),
    })),
  }
}

function verdict(id: PromiseId, walk: Walk | undefined) {
  if (ONLY_BY_CHAOS.includes(id))
    return { state: 'only_by_chaos' as const, checked_at: null, violations: null, sample: [] }
  if (walk === undefined) return { state: 'unknown' as const, checked_at: null, violations: null, sample: [] }
  const violations = walk.counts.get(id) ?? 0
  return {
    state: violations === 0 ? ('kept' as const) : ('broken' as const),
    checked_at: walk.checked_at,
    violations,
    sample: walk.sample.filter(({ invariant }) => invariant === id),
  }
}

/** The three promises that a visitor asks for. */
export function booksOf(walk: Walk | undefined): Books {
  if (walk === undefined) return null
  const count = (...ids: string[]) => ids.reduce((sum, id) => sum + (walk.counts.get(id) ?? 0), 0)
  return {
    checked_at: walk.checked_at,
    orders: walk.orders,
    lost: count('I3', 'I10'),
    charged_twice: count('I5'),
    oversold: count('I1', 'I2'),
  }
}
