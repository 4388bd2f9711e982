import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Pattern, PATTERNS } from '@lepton/contracts/patterns'
import type { ChaosArgs } from '../args.ts'
import { INVARIANTS } from '../invariants/check.ts'
import { recordPair } from '../recordings/record.ts'
import { spellViolations, table } from '../report/report.ts'
import { MUTANTS } from './mutants.ts'
import { attackInRounds, ROUNDS } from './rounds.ts'

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
  args: ChaosArgs,
  { folder, signal, note }: { folder: string; signal: AbortSignal; note: (line: string) => void },
): Promise<Trial> {
  const { caughtBy } = MUTANTS[pattern]
  const isNoticed = (seen: ReadonlySet<string>) => caughtBy.some((id) => seen.has(id))
  const run = { ...args, pattern, folder, signal, note }
  const { result, seconds } =
    args.record === undefined
      ? await attackInRounds({
          ...run,
          isWithout: true,
          isEnough: (seen, round) => isNoticed(seen) || round === ROUNDS,
        })
      : await recordPair({ ...run, into: args.record })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'report.txt'), spellViolations(result.violations, result.facts))
  const seen = new Set<string>(result.violations.map(({ invariant }) => invariant))
  const noticed = caughtBy.filter((id) => seen.has(id))
  return {
    pattern,
    caughtBy: noticed.length > 0 ? noticed.join(', ') : [...seen].join(', '),
    seconds,
    isCaught: noticed.length > 0,
  }
}
