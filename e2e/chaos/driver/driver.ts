import { setTimeout as delay } from 'node:timers/promises'
import { createShopClient, type ShopClient } from '@lepton/testing/shop-client'
import type { History } from '../history.ts'
import type { Random } from '../random.ts'
import { type Customer, enter, signIn } from './customer.ts'
import type { Goods } from './acts.ts'
import { MIX, type Mix } from './operations.ts'

const REQUEST_TIMEOUT_MS = 6_000
const RETRY_MS = 250
const TWO_PHASE_SHARE = 0.3
const CONNECTIONS = 64
const PATIENCE = { least: 10, most: 40 }
const TOKEN_LIFE_MS = 5 * 60_000

export interface DriverOptions {
  gateways: readonly string[]
  operatorSecret: string
  goods: Goods
  workers: number
  /** All workers together, where the shop answers in time. */
  operationsPerS: number
  mix?: Mix
  twoPhaseShare?: number
}

export interface Driver {
  stop(): Promise<void>
}

/** Customers who come and go, and an operator, each doing one thing at a time until `stop`. */
export function startDriver(history: History, random: Random, options: DriverOptions): Driver {
  const { gateways, workers, operationsPerS } = options
  const stopping = new AbortController()
  const clients = gateways.map((gateway) =>
    createShopClient(gateway, { connections: CONNECTIONS, timeoutMs: REQUEST_TIMEOUT_MS }),
  )
  const operator = createOperator(clients, options.operatorSecret)
  const everyMs = (workers / operationsPerS) * 1_000

  async function work(worker: number): Promise<void> {
    const own = random.fork(`worker ${worker}`)
    let process = worker
    let customer: Customer | undefined
    let dueAt = performance.now() + own.next() * everyMs
    while (!stopping.signal.aborted) {
      await pause(dueAt - performance.now(), stopping.signal)
      if (stopping.signal.aborted) return
      const client = own.pick(clients)
      if (customer === undefined || customer.patience <= 0) {
        customer = await enter(client, own.int(PATIENCE.least, PATIENCE.most))
        if (customer === undefined) {
          dueAt = performance.now() + RETRY_MS
          continue
        }
      }
      const act = own.weighted(options.mix ?? MIX)
      const operatorToken = await operator.token()
      const done = await act({
        random: own,
        history,
        process,
        client,
        customer,
        operatorToken,
        goods: options.goods,
        twoPhaseShare: options.twoPhaseShare ?? TWO_PHASE_SHARE,
      })
      customer.patience -= 1
      if (done.some(({ status }) => status === 401)) customer = undefined
      if (done.some(({ outcome }) => outcome === 'info')) process += workers
      dueAt = Math.max(dueAt + everyMs * done.length, performance.now())
    }
  }

  const running = Array.from({ length: workers }, (_, worker) => work(worker))
  return {
    stop: async () => {
      stopping.abort()
      await Promise.all(running)
      await Promise.all(clients.map((client) => client.close()))
    },
  }
}

function createOperator(clients: readonly ShopClient[], secret: string) {
  let known: { token: string; at: number } | undefined
  let turn = 0
  let asking: Promise<void> | undefined

  async function ask(): Promise<void> {
    const token = await signIn(clients[turn++ % clients.length]!, secret)
    known = token === undefined ? known : { token, at: performance.now() }
  }

  return {
    token: async (): Promise<string | undefined> => {
      const isFresh = known !== undefined && performance.now() - known.at < TOKEN_LIFE_MS
      if (!isFresh) {
        asking ??= ask().finally(() => (asking = undefined))
        await asking
      }
      return known?.token
    },
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { signal }).catch(() => undefined)
}
