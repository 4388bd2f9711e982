import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseChaosArgs, USAGE } from './args.ts'
import { runFailpoints } from './failpoints/run.ts'
import { runMutants } from './mutants/run.ts'
import { reportRun } from './report/report.ts'
import { runOnce } from './run.ts'

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
  const note = (line: string) =>
    console.error(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${line}`)
  note(`seed ${parsed.seed}, files in ${folder}`)

  if (parsed.suite !== 'random') {
    const run = parsed.suite === 'mutants' ? runMutants : runFailpoints
    const { text, failed } = await run(parsed, folder, stopping.signal, note)
    console.log(text)
    if (failed) process.exitCode = 1
    return
  }
  const result = await runOnce({ ...parsed, folder, signal: stopping.signal, note })
  const failed = result.violations.length > 0
  console.log(reportRun(result, parsed, folder))
  if (failed) process.exitCode = 1
  if (!failed && !parsed.keep) rmSync(join(folder, 'shop'), { recursive: true, force: true })
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
