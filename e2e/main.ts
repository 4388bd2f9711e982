import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from '@lepton/local/root'
import { bringUpCluster } from './cluster-command.ts'
import { composeGateway, environmentOfJest, KUBERNETES } from './config.ts'
import { runProtections } from './hostile/mutants.ts'

const USAGE = `pnpm e2e [--target compose|kubernetes|URL] [jest's own arguments]
       pnpm e2e --mutants [signatures,audience,…]

  without a target    the journeys visit a shop of their own, started on free ports and stopped afterwards
  --target compose    brings the shop up with Docker Compose, visits it, and lets it run
  --target kubernetes the same on the three nodes of pnpm cluster, which needs root
  --target URL        visits the shop that Docker Compose runs from this checkout, by its gateway
  --mutants           takes each protection out of a shop in turn: the attack that it keeps out must be noticed
`

/** Gives the gateway's address. */
function bringUp(): string {
  const files = ['-f', 'docker-compose.yml', '-f', 'e2e/compose.yml']
  const up = ['compose', ...files, 'up', '--build', '--wait']
  const { status } = spawnSync('docker', up, { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) throw new Error('The shop did not come up: `docker compose logs` has the reason.')
  return composeGateway()
}

function runJest(target: string | undefined, args: readonly string[]): void {
  // The launcher's own tests say nothing about another shop.
  const isOwn = target === undefined
  const projects = isOwn ? ['shops', 'e2e'] : ['e2e']
  const only = isOwn ? [] : ['--testPathPatterns', 'e2e/journeys']
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js')
  const child = spawn(
    process.execPath,
    [jest, '--selectProjects', ...projects, '--runInBand', ...only, ...args],
    { cwd: ROOT, stdio: 'inherit', env: environmentOfJest(target) },
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  child.on('exit', (code) => (process.exitCode = code ?? 1))
}

async function main([first, name, ...rest]: readonly string[]): Promise<void> {
  if (first === '--help') process.stdout.write(USAGE)
  else if (first === '--mutants') process.exitCode = (await runProtections(name)) ? 0 : 1
  else if (first !== '--target') runJest(undefined, process.argv.slice(2))
  else if (name === undefined) throw new Error(USAGE)
  else runJest(await targetOf(name), rest)
}

async function targetOf(name: string): Promise<string> {
  if (name === 'compose') return bringUp()
  if (name === KUBERNETES) await bringUpCluster()
  return name
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
