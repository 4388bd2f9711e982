import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestServer } from '@lepton/testing/servers'
import { BUCKET_MS, type Bucket, type Outcome } from './outcome.ts'
import type { FaultPeerName } from './peers.ts'
import { type Acts, BEGINS_MS, ENDS_MS, LASTS_MS, type Scenario } from './scenarios.ts'

/** What one client made of one scenario, over time. */
export interface Result extends Outcome {
  buckets: (Bucket & {
    /** Of all requests that reached an instance, those that reached the first. */ share: number | undefined
  })[]
}

const INSTANCES = 3
const RATE_PER_S = 300
const CONSUL_STOP_MS = 2_000
let runs = 0

/** Starts three instances and a caller, each a process, and lets the scenario happen to them. */
export async function runScenario(
  { begin, end, everyMs = ENDS_MS - BEGINS_MS }: Scenario,
  peer: FaultPeerName,
  consul: TestServer,
): Promise<Result> {
  const service = `quote-${process.pid}-${++runs}`
  const children: ChildProcess[] = []
  const start = (file: string, ...args: string[]) => {
    const child = fork(join(import.meta.dirname, `${file}.ts`), [peer, ...args], {
      serialization: 'advanced',
    })
    children.push(child)
    return child
  }
  const asked = Array.from({ length: Math.ceil(LASTS_MS / BUCKET_MS) }, () => ({ first: 0, all: 0 }))
  let beganMs = Number.POSITIVE_INFINITY

  async function startInstance(index: number, port: number) {
    const child = start('instance', service, `instance-${index + 1}`, String(port), consul.address)
    const [place] = (await once(child, 'message')) as [{ port: number }]
    child.on('message', (message: { asked?: number }) => {
      const bucket = asked[Math.floor((performance.now() - beganMs) / BUCKET_MS)]
      if (bucket === undefined || message.asked === undefined) return
      bucket.all += message.asked
      if (index === 0) bucket.first += message.asked
    })
    return { child, port: place.port }
  }

  try {
    const instances = await Promise.all(
      Array.from({ length: INSTANCES }, (_one, index) => startInstance(index, 0)),
    )
    const where = { service, consul: consul.address, ports: instances.map(({ port }) => port) }
    const load = start('load', JSON.stringify(where), String(RATE_PER_S), String(LASTS_MS))
    const acts: Acts = {
      async kill(signal) {
        instances[0]!.child.kill(signal)
        if (signal === 'SIGKILL') await once(instances[0]!.child, 'exit')
      },
      async restart() {
        const { child, port } = instances[0]!
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
        instances[0] = await startInstance(0, port)
      },
      mood: (mood, which = 'first') =>
        instances.slice(0, which === 'first' ? 1 : INSTANCES).forEach(({ child }) => child.send(mood)),
      async stopConsul() {
        await consul.process.stop(CONSUL_STOP_MS)
      },
      startConsul: () => consul.process.start(),
      async emptyCatalogue(isEmpty) {
        const path = `/v1/agent/maintenance?enable=${isEmpty}`
        await fetch(`${consul.address}${path}`, { method: 'PUT' })
      },
      stepClock(ms) {
        load.send(ms)
      },
    }
    await once(load, 'message')
    beganMs = performance.now()
    const outcome = once(load, 'message') as Promise<[Outcome]>
    await delay(BEGINS_MS)
    for (let atMs = BEGINS_MS, isOn = true; atMs < ENDS_MS; atMs += everyMs, isOn = !isOn) {
      await (isOn ? begin : end)(acts)
      await delay(Math.max(0, beganMs + atMs + everyMs - performance.now()))
    }
    await end(acts)
    const [{ buckets, inFlight }] = await outcome
    const shareOf = ({ first, all }: { first: number; all: number }) => (all === 0 ? undefined : first / all)
    return {
      inFlight,
      buckets: buckets.map((bucket, index) => ({ ...bucket, share: shareOf(asked[index]!) })),
    }
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
}
