import { createListeners } from '@lepton/common/runtime/listeners'
import { createCards } from '@lepton/testing/cards'
import { type ServiceUnderTest, useService } from '@lepton/testing/harness'
import { createAnswers } from '../src/answers.ts'
import { branchRoutes } from '../src/branches.ts'
import type { Deps } from '../src/deps.ts'
import { paymentSubscriptions } from '../src/events.ts'
import { opsRoutes } from '../src/ops.ts'
import { paymentRoutes } from '../src/routes.ts'
import { startTasks } from '../src/tasks.ts'
import { webhookRoutes } from '../src/webhooks.ts'
import { createFakePsp, type FakePsp } from './fake-psp.ts'

export const WEBHOOK_SECRET = 'what the processor and the shop know'
export const OLD_WEBHOOK_SECRET = 'what they knew before'

/** Its own keys for cards. */
export const cards = createCards()

const PLACES = { maxInFlight: 200, maxPerCustomer: 8 }

export interface PaymentService extends ServiceUnderTest {
  psp: FakePsp
  anomalies(): number
  tasksMade: Deps['tasksMade']
  stateOf(orderId: string): Promise<string | undefined>
  ledgerOf(orderId: string): Promise<{ kind: string; amount_minor: number }[]>
  /** Kinds and origins of the money's movements, oldest first. */
  booksOf(orderId: string): Promise<string[]>
}

/** The payment service for the tests of one file, with a processor in memory. */
export function usePaymentService({ places = PLACES } = {}): PaymentService {
  let anomalies = 0
  const psp = createFakePsp()
  const tasksMade: Deps['tasksMade'] = createListeners()
  const service = useService('payment', (instance) => {
    const deps: Deps = {
      ...instance,
      psp,
      openCard: cards.open,
      answers: createAnswers(),
      places,
      webhookSecrets: [OLD_WEBHOOK_SECRET, WEBHOOK_SECRET],
      webhookToleranceMs: 300_000,
      anomalies: { inc: (count) => void (anomalies += count) },
      tasksMade,
      tasksDue: createListeners(),
    }
    return {
      endpoints: [...webhookRoutes(deps), ...paymentRoutes(deps), ...branchRoutes(deps), ...opsRoutes(deps)],
      subscriptions: paymentSubscriptions(deps),
      parts: [startTasks(deps)],
      isIdle: async () => {
        const { rows } = await instance.database.query('select from psp_task where outcome is null limit 1')
        return rows.length === 0
      },
    }
  })
  return Object.assign(service, {
    psp,
    tasksMade,
    anomalies: () => anomalies,
    stateOf: async (orderId: string) => {
      const { rows } = await service.database.query<{ state: string }>(
        'select state from payment where order_id = $1',
        [orderId],
      )
      return rows[0]?.state
    },
    ledgerOf: async (orderId: string) => {
      const { rows } = await service.database.query<{ kind: string; amount_minor: number }>(
        'select kind, amount_minor from payment_ledger where order_id = $1 order by id',
        [orderId],
      )
      return rows
    },
    booksOf: async (orderId: string) => {
      const { rows } = await service.database.query<{ entry: string }>(
        `select kind || ' ' || origin as entry from payment_ledger where order_id = $1 order by id`,
        [orderId],
      )
      return rows.map(({ entry }) => entry)
    },
  })
}
