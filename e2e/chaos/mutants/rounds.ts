import type { Pattern } from '@lepton/contracts/patterns'
import type { ChaosArgs } from '../args.ts'
import { startChaosShop } from '../chaos-shop.ts'
import type { History } from '../history.ts'
import { type Attack, attack, judgeLate, openSession, type RunResult } from '../run.ts'
import { MUTANTS } from './mutants.ts'

/** A shop is attacked so often at most. */
export const ROUNDS = 4
const ROUND_MS = 20_000

export interface Rounds {
  result: RunResult
  rounds: number
  historyStartedAtMs: number
  /** From the first customer until the last round was judged. */
  seconds: number
}

interface Options extends Pick<ChaosArgs, 'seed' | 'workers' | 'operationsPerS'> {
  /** The pattern whose attack it is. */
  pattern: Pattern
  isWithout: boolean
  folder: string
  signal: AbortSignal
  note: (line: string) => void
  /** Whether what was seen is enough. */
  isEnough: (seen: ReadonlySet<string>, round: number) => boolean
  attackOptions?: Partial<Attack>
  /** How much longer the last round's orders may take, before it is judged for good. */
  lateMs?: number
  onRound?: (round: number, history: History) => void
}

/** Attacks a shop of its own, with the pattern or without it, until enough was seen. */
export async function attackInRounds({
  pattern,
  isWithout,
  folder,
  signal,
  note,
  ...options
}: Options): Promise<Rounds> {
  const mutant = MUTANTS[pattern]
  const { env = {} } = mutant
  const shop = await startChaosShop({ folder, signal, env, without: isWithout ? pattern : undefined })
  const session = await openSession({ seed: options.seed, folder, shop, note })
  const { workers, operationsPerS, isEnough, attackOptions, lateMs, onRound } = options
  const startedAt = performance.now()
  const lane = isWithout ? 'without' : 'with'
  let rounds = 0
  try {
    for (;;) {
      signal.throwIfAborted()
      const random = session.random.fork(`round ${rounds}`)
      rounds += 1
      onRound?.(rounds, session.history)
      const result = await attack(
        { ...session, random },
        { ...mutant, workers, operationsPerS, lastsMs: mutant.roundMs ?? ROUND_MS, ...attackOptions },
      )
      const seen = new Set<string>(result.violations.map(({ invariant }) => invariant))
      note(`${lane} ${pattern}, round ${rounds}: ${[...seen].join(' ') || 'nothing noticed'}`)
      if (!isEnough(seen, rounds)) continue
      const seconds = (performance.now() - startedAt) / 1_000
      const judged = lateMs === undefined ? result : await judgeLate(session, result, lateMs)
      return { result: judged, rounds, seconds, historyStartedAtMs: session.history.startedAtMs }
    }
  } finally {
    await session.history.close()
    await shop.stop()
  }
}
