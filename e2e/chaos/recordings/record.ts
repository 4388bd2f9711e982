import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pattern } from '@lepton/contracts/patterns'
import { type Lane, Recording, type RecordingProgress } from '@lepton/contracts/recordings'
import { ROOT } from '@lepton/local/root'
import { MUTANT_EDITS } from '@lepton/testing/mutants/edits'
import type { ChaosArgs } from '../args.ts'
import type { History } from '../history.ts'
import { MUTANTS } from '../mutants/mutants.ts'
import { attackInRounds, type Rounds, ROUNDS } from '../mutants/rounds.ts'
import type { RunPhase } from '../run.ts'
import { isAccepted, laneOf } from './lane.ts'

/** As long as an order may take: after it, what is not there is lost and not late. */
const PATIENCE_MS = 61_000
const PROGRESS_MS = 1_000

interface Options extends Pick<ChaosArgs, 'seed' | 'workers' | 'operationsPerS'> {
  pattern: Pattern
  folder: string
  /** The folder that gets `<pattern>.json`. */
  into: string
  signal: AbortSignal
  note: (line: string) => void
}

/** Attacks a shop without a pattern until that is noticed, then one with it just as often, and writes both down. */
export async function recordPair({ pattern, into, folder, ...options }: Options): Promise<Rounds> {
  const startedAt = performance.now()
  const { caughtBy } = MUTANTS[pattern]
  const without = await record(
    { ...options, pattern, folder: join(folder, 'without') },
    true,
    (seen, round) => caughtBy.some((id) => seen.has(id)) || round === ROUNDS,
  )
  const intact = await record(
    { ...options, pattern, folder: join(folder, 'with') },
    false,
    (_, round) => round === without.rounds,
  )
  const recording: Recording = {
    pattern,
    seed: options.seed,
    recorded_at: new Date().toISOString(),
    commit: commitOf(ROOT),
    took_ms: Math.round(performance.now() - startedAt),
    foretold: [...caughtBy],
    edits: [...MUTANT_EDITS[pattern]],
    with: laneOfRounds(intact),
    without: laneOfRounds(without),
  }
  mkdirSync(into, { recursive: true })
  writeFileSync(join(into, `${pattern}.json`), `${JSON.stringify(Recording.parse(recording))}\n`)
  return without
}

function record(
  options: Omit<Options, 'into'>,
  isWithout: boolean,
  isEnough: (seen: ReadonlySet<string>, round: number) => boolean,
): Promise<Rounds> {
  const progress = showProgress(isWithout ? 'without' : 'with')
  return attackInRounds({
    ...options,
    isWithout,
    isEnough,
    onRound: progress.onRound,
    lateMs: PATIENCE_MS,
    attackOptions: { onPhase: progress.onPhase },
  }).finally(progress.end)
}

function laneOfRounds({ result, rounds, historyStartedAtMs }: Rounds): Lane {
  return laneOf(result, { round: rounds, historyStartedAtMs })
}

/** Prints a line of JSON each second, for what watches this command. */
function showProgress(lane: RecordingProgress['lane']) {
  let now: RecordingProgress = { lane, phase: 'starting', round: 1, accepted: 0 }
  let history: History | undefined
  const print = () => {
    now = { ...now, accepted: history?.operations.filter(isAccepted).length ?? 0 }
    process.stdout.write(`${JSON.stringify(now)}\n`)
  }
  const timer = setInterval(print, PROGRESS_MS)
  print()
  return {
    onRound: (round: number, ofShop: History) => {
      history = ofShop
      now = { ...now, round }
    },
    onPhase: (phase: RunPhase) => {
      now = { ...now, phase }
      print()
    },
    end: () => clearInterval(timer),
  }
}

function commitOf(root: string): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}
