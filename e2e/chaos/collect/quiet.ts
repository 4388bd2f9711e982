import { setTimeout as delay } from 'node:timers/promises'
import type { ChaosShop } from '../chaos-shop.ts'
import type { Unfinished } from '../invariants/facts.ts'
import { countUnfinished } from './databases.ts'
import { countLag } from './topics.ts'

const LOOK_EVERY_MS = 200

export interface Quiet {
  /** From now until nothing was left to do; undefined where that did not happen in time. */
  afterMs: number | undefined
  left: string[]
}

/** Waits until every order is final, every event sent and applied, every task done; tidies up before each look. */
export async function untilQuiet(
  shop: Pick<ChaosShop, 'databaseUrl' | 'kafka' | 'signal'>,
  timeoutMs: number,
  tidy: () => Promise<unknown>,
): Promise<Quiet> {
  const startedAt = performance.now()
  let left: string[] = []
  while (performance.now() - startedAt < timeoutMs) {
    shop.signal.throwIfAborted()
    const lookedAt = performance.now()
    left = await tidy()
      .then(() => whatIsLeft(shop))
      // A second look: an event between two services is in neither's books.
      .then((first) => (first.length > 0 ? first : whatIsLeft(shop)))
      .catch((error: unknown) => [`cannot be asked: ${String(error)}`])
    if (left.length === 0) return { afterMs: lookedAt - startedAt, left }
    await delay(LOOK_EVERY_MS)
  }
  return { afterMs: undefined, left }
}

async function whatIsLeft({
  databaseUrl,
  kafka,
}: Pick<ChaosShop, 'databaseUrl' | 'kafka'>): Promise<string[]> {
  const unfinished = await countUnfinished(databaseUrl)
  const left = unfinished.filter(({ count }) => count > 0).map(describe)
  if (left.length > 0) return left
  const lag = await countLag(kafka)
  return lag > 0 ? [`${lag} records to be applied`] : []
}

function describe({ owner, what, count }: Unfinished): string {
  return `${owner}: ${count} ${what}`
}
