import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { hasOpenssl } from './authority.ts'
import { installPeers } from './install.ts'
import { PEERS, type PeerName } from './peers.ts'
import type { Message } from './side.ts'

const HELP = `Usage: node packages/common/bench/mesh/main.ts [--rounds 5] [--ms 1500] [--concurrency 1,32,128] [--only NAME,NAME]

Asks another process for 1 KiB of JSON and gets as much back, by the mesh and by others, one after the other in each
round. Each round starts new processes. Prints medians: calls a second, latency, CPU of both processes for a call, and
each in relation to bare undici Pool and to Moleculer with resilience.
`
const BASE: PeerName = 'undici Pool, bare'
const RIVAL: PeerName = 'Moleculer TCP, resilience'

interface Figures {
  perS: number
  p50Ms: number
  p99Ms: number
  cpuUs: number
  failed: number
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    ms: { type: 'string', default: '1500' },
    concurrency: { type: 'string', default: '1,32,128' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  print(HELP)
  process.exit()
}

installPeers()
const names = (Object.keys(PEERS) as PeerName[]).filter(
  (name) =>
    (hasOpenssl || !name.endsWith('TLS')) &&
    (values.only === undefined || values.only.split(',').some((one) => name.includes(one))),
)
for (const concurrency of values.concurrency.split(',').map(Number)) {
  const all = new Map<PeerName, Figures[]>(names.map((name) => [name, []]))
  for (let round = 1; round <= Number(values.rounds); round++)
    for (const name of names) {
      process.stderr.write(`c = ${concurrency}, round ${round} of ${values.rounds}: ${name}        \r`)
      all.get(name)!.push(await measure(name, concurrency, Number(values.ms)))
    }
  printTable(concurrency, all)
}

async function measure(name: PeerName, concurrency: number, forMs: number): Promise<Figures> {
  const server = start('server', name)
  try {
    const { place } = await next<{ place: object }>(server)
    const client = start('client', name, JSON.stringify(place), String(concurrency), String(forMs))
    await next(client)
    await cpuOf(server)
    client.send('go')
    const figures = await next<Extract<Message, { calls: number }>>(client)
    const serverMs = await cpuOf(server)
    const sorted = figures.latenciesMs.sort((a, b) => a - b)
    return {
      perS: (figures.calls / figures.ms) * 1_000,
      p50Ms: sorted[Math.floor(sorted.length / 2)] ?? 0,
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
      cpuUs: ((figures.cpuMs + serverMs) * 1_000) / figures.calls,
      failed: figures.failed,
    }
  } finally {
    server.kill('SIGKILL')
  }
}

function start(...args: string[]): ChildProcess {
  return fork(join(import.meta.dirname, 'side.ts'), args, { serialization: 'advanced', stdio: 'inherit' })
}

async function next<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController()
  const early = once(child, 'exit', { signal: ended.signal }).then(
    () => Promise.reject(new Error('a process of the bench has ended before it said anything')),
    () => new Promise<never>(() => undefined),
  )
  const [message] = (await Promise.race([once(child, 'message'), early])) as [T]
  ended.abort()
  return message
}

async function cpuOf(server: ChildProcess): Promise<number> {
  server.send('cpu')
  return (await next<{ cpuMs: number }>(server)).cpuMs
}

function printTable(concurrency: number, all: ReadonlyMap<PeerName, Figures[]>): void {
  const median = (name: PeerName, of: keyof Figures) => {
    const sorted = (all.get(name) ?? []).map((figures) => figures[of]).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  }
  const times = (name: PeerName, to: PeerName, of: keyof Figures) =>
    (median(name, of) / median(to, of)).toFixed(2)
  print(`\n### ${concurrency} at once\n`)
  print(
    '| | calls/s | p50 ms | p99 ms | CPU µs a call | calls, CPU ÷ Pool | calls, CPU ÷ Moleculer with resilience | failed |',
  )
  print('|---|---|---|---|---|---|---|---|')
  for (const name of all.keys()) {
    const [perS, p50, p99, cpu] = (['perS', 'p50Ms', 'p99Ms', 'cpuUs'] as const).map((of) => median(name, of))
    const ratios = [BASE, RIVAL].map((to) => `${times(name, to, 'perS')}, ${times(name, to, 'cpuUs')}`)
    print(
      `| ${name} | ${perS!.toFixed(0)} | ${p50!.toFixed(2)} | ${p99!.toFixed(2)} | ${cpu!.toFixed(0)} | ${ratios.join(' | ')} | ${median(name, 'failed')} |`,
    )
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
