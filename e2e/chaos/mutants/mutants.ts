import type { Pattern } from '@lepton/contracts/patterns'
import type { ServiceSettings } from '@lepton/local/services'
import { addAndCheckOut, cancel, type Mix, place } from '../driver/operations.ts'
import type { InvariantId } from '../invariants/facts.ts'
import type { Attack } from '../run.ts'
import { crossTransactions, CROSSING_MS } from './crossing.ts'
import {
  crashBeforeFlush,
  delayRequests,
  killAny,
  killServer,
  lockTable,
  overtakeRequests,
  pauseAll,
  pauseServer,
  sendAgain,
  sendPoison,
} from './attacks.ts'

export interface Mutant
  extends Partial<Pick<Attack, 'mix' | 'twoPhaseShare'>>, Pick<Attack, 'sources' | 'profile'> {
  /** One of these must notice, said before it ran. */
  caughtBy: readonly InvariantId[]
  env?: ServiceSettings
  /** Where being late is the symptom, as long as an order may take; elsewhere there is no need to wait. */
  quietTimeoutMs: number
  /** How long a round lasts, where what shows it takes long to come about. */
  roundMs?: number
}

const SHORT_MS = 12_000
const WHOLE_MS = 61_000
const HASTY: Mix = [
  [2, place],
  [3, cancel],
]
const SHORT_LIVED: ServiceSettings = { order: { ORDER_DEADLINE_MS: '4000' } }

/** For each pattern that can be left out: what shows soonest that it is missing, and who must see it. */
export const MUTANTS: Record<Pattern, Mutant> = {
  inbox: {
    caughtBy: ['I11', 'I5'],
    sources: [sendAgain],
    profile: { everyMs: [300, 800], lastsMs: [1, 1], atOnce: 3 },
    quietTimeoutMs: SHORT_MS,
  },
  outbox: {
    caughtBy: ['I10', 'I3'],
    // Between two kills of the server there must be time to buy, and to be killed behind a commit.
    sources: [{ ...killAny('order', 'inventory', 'payment', 'cart'), weight: 6 }, killServer('postgres')],
    profile: { everyMs: [400, 1_200], lastsMs: [1, 1], atOnce: 4 },
    quietTimeoutMs: SHORT_MS,
  },
  acknowledgement: {
    caughtBy: ['I10'],
    sources: [killServer('kafka'), pauseServer('kafka')],
    profile: { everyMs: [1_000, 2_000], lastsMs: [6_000, 8_000], atOnce: 1 },
    quietTimeoutMs: SHORT_MS,
  },
  offset_order: {
    caughtBy: ['I3'],
    // Longer than a transaction is tried again.
    sources: [lockTable('order', 'lock table inbox in exclusive mode')],
    profile: { everyMs: [500, 1_000], lastsMs: [16_000, 18_000], atOnce: 1 },
    mix: [[1, addAndCheckOut]],
    quietTimeoutMs: SHORT_MS,
  },
  commit_order: {
    caughtBy: ['I9'],
    sources: [crossTransactions],
    profile: { everyMs: [500, 1_000], lastsMs: [1, 1], atOnce: 1 },
    mix: HASTY,
    twoPhaseShare: 0,
    roundMs: 2 * CROSSING_MS,
    quietTimeoutMs: SHORT_MS,
  },
  idempotency: {
    caughtBy: ['I4'],
    sources: [],
    profile: { everyMs: [1_000, 1_000], lastsMs: [1, 1], atOnce: 1 },
    // Customers repeat themselves all the time.
    roundMs: 8_000,
    quietTimeoutMs: SHORT_MS,
  },
  tombstone: {
    caughtBy: ['I8'],
    // Payment hears of the cancellation before it hears of the stock.
    sources: [pauseAll('inventory'), delayRequests('inventory', 'payment')],
    profile: { everyMs: [500, 1_000], lastsMs: [2_000, 4_000], atOnce: 1 },
    mix: HASTY,
    quietTimeoutMs: SHORT_MS,
  },
  arbiter: {
    caughtBy: ['I1', 'I8'],
    // The confirmation is on its way while the hold runs out.
    sources: [pauseAll('inventory'), pauseAll('payment')],
    profile: { everyMs: [300, 800], lastsMs: [2_000, 5_000], atOnce: 1 },
    mix: [[1, place]],
    twoPhaseShare: 0,
    env: SHORT_LIVED,
    quietTimeoutMs: SHORT_MS,
  },
  barrier: {
    caughtBy: ['I7', 'I8'],
    // Both tries of an order come after its cancellation, which was sent when they had been given up.
    sources: [overtakeRequests('inventory', 4_000), overtakeRequests('payment', 4_000)],
    profile: { everyMs: [3_000, 4_000], lastsMs: [1_500, 1_800], atOnce: 1 },
    mix: [
      [1, place],
      [1, addAndCheckOut],
    ],
    twoPhaseShare: 1,
    quietTimeoutMs: WHOLE_MS,
  },
  never_throw: {
    caughtBy: ['I7'],
    sources: [sendPoison],
    profile: { everyMs: [2_000, 3_000], lastsMs: [1, 1], atOnce: 1 },
    quietTimeoutMs: WHOLE_MS,
  },
  durability: {
    caughtBy: ['I3'],
    // Between two kills the server recovers and many orders are accepted.
    sources: [crashBeforeFlush],
    profile: { everyMs: [6_000, 8_000], lastsMs: [1, 1], atOnce: 1 },
    mix: [
      [3, place],
      [1, addAndCheckOut],
    ],
    roundMs: 30_000,
    quietTimeoutMs: SHORT_MS,
  },
}
