import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Pattern, PATTERNS } from '@lepton/testing/mutants/edits'
import type { ChaosArgs } from '../args.ts'
import { startChaosShop } from '../chaos-shop.ts'
import { INVARIANTS } from '../invariants/check.ts'
import { spellViolations, table } from '../report/report.ts'
import { attack, openSession, type RunResult } from '../run.ts'
import { MUTANTS } from './mutants.ts'

const ROUNDS = 4
const ROUND_MS = 20_000

interface Trial {
  pattern: Pattern
  caughtBy: string
  /** From the first customer until the invariant spoke. */
  seconds: number
  isCaught: boolean
}

/** Leaves each pattern out in turn; a mutant that survives says that the suite is not good enough. */
export async function runMutants(
  args: ChaosArgs,
  folder: string,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<{ text: string; failed: boolean }> {
  const trials: Trial[] = []
  for (const pattern of PATTERNS.filter((name) => args.only?.includes(name) ?? true)) {
    note(`without ${pattern}`)
    trials.push(await tryOne(pattern, args, { folder: join(folder, pattern), signal, note }))
  }
  const rows = trials.map(({ pattern, caughtBy, seconds, isCaught }) => [
    pattern,
    MUTANTS[pattern].caughtBy.map((id) => `${id} ${INVARIANTS[id].name}`).join(' or '),
    isCaught ? caughtBy : `SURVIVES (seen: ${caughtBy || 'nothing'})`,
    Math.round(seconds),
  ])
  const text = [
    table([['without', 'must be noticed by', 'was noticed by', 'seconds'], ...rows]),
    `Again: pnpm chaos --mutants --seed ${args.seed}${args.only === undefined ? '' : ` --only ${args.only.join(',')}`}`,
  ].join('\n\n')
  return { text, failed: trials.some(({ isCaught }) => !isCaught) }
}

async function tryOne(
  pattern: Pattern,
  { seed, workers, operationsPerS }: ChaosArgs,
  { folder, signal, note }: { folder: string; signal: AbortSignal; note: (line: string) => void },
): Promise<Trial> {
  const mutant = MUTANTS[pattern]
  const { env = {}, caughtBy } = mutant
  const shop = await startChaosShop({ folder, signal, env, without: pattern })
  const session = await openSession({ seed, folder, shop, note })
  const startedAt = performance.now()
  let result: RunResult | undefined
  let seen = new Set<string>()
  try {
    for (let round = 0; round < ROUNDS; round++) {
      signal.throwIfAborted()
      const random = session.random.fork(`round ${round}`)
      result = await attack(
        { ...session, random },
        { ...mutant, workers, operationsPerS, lastsMs: mutant.roundMs ?? ROUND_MS },
      )
      seen = new Set(result.violations.map(({ invariant }) => invariant))
      note(`without ${pattern}, round ${round + 1}: ${[...seen].join(' ') || 'nothing noticed'}`)
      if (caughtBy.some((id) => seen.has(id))) break
    }
  } finally {
    await session.history.close()
    await shop.stop()
  }
  writeFileSync(join(folder, 'report.txt'), spellViolations(result!.violations, result!.facts))
  const noticed = caughtBy.filter((id) => seen.has(id))
  return {
    pattern,
    caughtBy: noticed.length > 0 ? noticed.join(', ') : [...seen].join(', '),
    seconds: (performance.now() - startedAt) / 1_000,
    isCaught: noticed.length > 0,
  }
}
