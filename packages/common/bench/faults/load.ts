import { BUCKET_MS, type Outcome } from './outcome.ts'
import { KINDS, type Kind, type Where } from './peer.ts'
import { type FaultPeerName, PEERS } from './peers.ts'

const WARM_MS = 500

// A caller: `load.ts PEER WHERE RATE MS`, as many calls a second whatever becomes of them. Its parent may set its clock.
const [, , name, where, rate, lasts] = process.argv as unknown as [string, string, FaultPeerName, ...string[]]
const [perS, lastsMs] = [Number(rate), Number(lasts)]
const client = await PEERS[name].connect(JSON.parse(where!) as Where)
const realNow = Date.now
// Timers count steady time: what a step of the clock changes in a process is what `Date` says.
process.on('message', (step: number) => void (Date.now = () => realNow() + step))

await run(WARM_MS)
process.send!('begins')
const outcome = await run(lastsMs)
process.send!(outcome, () => process.exit())

async function run(forMs: number): Promise<Outcome> {
  const none = () => Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>
  const all = Array.from({ length: Math.ceil(forMs / BUCKET_MS) }, () => ({
    sent: none(),
    failed: none(),
    tookMs: [] as number[],
  }))
  const calls: Promise<void>[] = []
  const startedMs = performance.now()
  let running = 0
  let inFlight = 0

  async function call(index: number): Promise<void> {
    const kind = KINDS[index % 5 < 3 ? 0 : (index % 5) - 2]!
    const beganMs = performance.now()
    const bucket = all[Math.min(all.length - 1, Math.floor((beganMs - startedMs) / BUCKET_MS))]!
    bucket.sent[kind] += 1
    inFlight = Math.max(inFlight, (running += 1))
    const status = await client.call(kind).catch(() => undefined)
    running -= 1
    if (status !== 200) bucket.failed[kind] += 1
    bucket.tookMs.push(performance.now() - beganMs)
  }

  for (let index = 0; performance.now() - startedMs < forMs;) {
    for (; index < ((performance.now() - startedMs) / 1_000) * perS; index++) calls.push(call(index))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(calls)
  const buckets = all.map(({ sent, failed, tookMs }) => {
    const sorted = tookMs.sort((a, b) => a - b)
    return { sent, failed, p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0 }
  })
  return { buckets, inFlight }
}
