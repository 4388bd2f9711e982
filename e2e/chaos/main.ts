import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChaosArgs, parseChaosArgs, USAGE } from './args.ts'
import { runFailpoints } from './failpoints/run.ts'
import { runMutants } from './mutants/run.ts'
import { runRaces } from './races/run.ts'
import { reportRun } from './report/report.ts'
import { summarize, summaryOf } from './report/summary.ts'
import { runOnce } from './run.ts'

interface Outcome {
  text: string
  failed: boolean
}

type Note = (line: string) => void

async function main(args: readonly string[]): Promise<void> {
  const parsed = parseChaosArgs(args)
  if (parsed === 'help') {
    process.stdout.write(USAGE)
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'lepton-chaos-'))
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())
  const startedAt = performance.now()
  const note: Note = (line) =>
    console.error(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${line}`)
  note(`seed ${parsed.seed}, files in ${folder}`)

  const run = { random: runRandom, races: runRaces, failpoints: runFailpoints, mutants: runMutants }[
    parsed.suite
  ]
  const { text, failed } = await run(parsed, folder, stopping.signal, note)
  writeFileSync(join(folder, 'report.txt'), `${text}\n`)
  console.log(`${text}\n\nFiles: ${folder}`)
  if (failed) process.exitCode = 1
}

/** As many runs as were asked for, each of a seed of its own; the last one's report, and a line for each. */
async function runRandom(args: ChaosArgs, folder: string, signal: AbortSignal, note: Note): Promise<Outcome> {
  const summaries = []
  const texts: string[] = []
  for (let run = 0; run < args.runs && !signal.aborted; run++) {
    const own = { ...args, seed: args.seed + run }
    const place = args.runs === 1 ? folder : join(folder, `seed-${own.seed}`)
    mkdirSync(place, { recursive: true })
    const result = await runOnce({ ...own, folder: place, signal, note })
    const text = reportRun(result, own)
    writeFileSync(join(place, 'report.txt'), `${text}\n`)
    const isClean = result.violations.length === 0
    if (!isClean || args.runs === 1) texts.push(text)
    if (isClean && !args.keep) rmSync(join(place, 'shop'), { recursive: true, force: true })
    summaries.push(summaryOf(own.seed, result))
    if (args.runs > 1) note(summarize(summaries.slice(-1)))
  }
  if (args.runs > 1) texts.push(summarize(summaries))
  return { text: texts.join('\n\n'), failed: summaries.some(({ violations }) => violations > 0) }
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
// Not by leaving nothing to do: one run had reported and then spun in Node's own teardown, which is known to
// (https://github.com/nodejs/node/issues/47748); this goes past it.
process.exit()
