import { type Place, QUESTION } from './peer.ts'
import { PEERS, type PeerName } from './peers.ts'

/** What one process says to the one that started it. */
export type Message =
  | { place: Place }
  | { cpuMs: number }
  | { calls: number; ms: number; latenciesMs: number[]; cpuMs: number; failed: number }

/** Until what is called often has been compiled: a service runs for days. */
const WARM_MS = 2_000

/** One side of one incarnation of a peer: `side.ts server NAME`, or `side.ts client NAME PLACE CONCURRENCY MS`. */
const [, , side, name, place = '{}', concurrency = '1', forMs = '1000'] = process.argv
const peer = PEERS[name as PeerName]

const cpuMs = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1_000
const say = (message: Message) => new Promise<void>((resolve) => process.send!(message, () => resolve()))

if (side === 'server') {
  await say({ place: await peer.serve() })
  let since = process.cpuUsage()
  process.on('message', () => {
    void say({ cpuMs: cpuMs(process.cpuUsage(since)) })
    since = process.cpuUsage()
  })
} else {
  const client = await peer.connect(JSON.parse(place) as Place)
  await run(client.call, Number(concurrency), WARM_MS)
  const go = new Promise((resolve) => process.once('message', resolve))
  await say({ cpuMs: 0 })
  await go
  const since = process.cpuUsage()
  const measured = await run(client.call, Number(concurrency), Number(forMs))
  await say({ ...measured, cpuMs: cpuMs(process.cpuUsage(since)) })
  await client.close()
  process.disconnect()
}

async function run(call: (question: unknown) => Promise<unknown>, width: number, forMs: number) {
  const latenciesMs: number[] = []
  const startedMs = performance.now()
  let failed = 0
  async function lane(): Promise<void> {
    for (let nowMs = performance.now(); nowMs - startedMs < forMs;) {
      await call(QUESTION).catch(() => void (failed += 1))
      const endedMs = performance.now()
      latenciesMs.push(endedMs - nowMs)
      nowMs = endedMs
    }
  }
  await Promise.all(Array.from({ length: width }, lane))
  return { calls: latenciesMs.length, ms: performance.now() - startedMs, latenciesMs, failed }
}
