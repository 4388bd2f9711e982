import type { MeshClient } from '@lepton/common/mesh/client'
import type { Part } from '@lepton/common/runtime/lifecycle'
import type { Log } from '@lepton/common/runtime/log'
import { startTimer } from '@lepton/common/runtime/timer'
import type { RunningShop } from '@lepton/contracts/control'
import { CALLERS } from '@lepton/contracts/services'
import type { Activity } from './activity.ts'
import type { AskInstance } from './ask-instance.ts'
import { createFleet, type Fleet, type Sight, whatHappened } from './fleet.ts'
import type { Launcher } from './launcher.ts'
import type { Marks } from './marks.ts'
import { createSampler, type Sampler } from './sampler.ts'
import { STEP_MS } from './series.ts'

/** Half of the time in which a killed process should be seen. */
const LOOK_MS = 500
const PSP_LIMIT_MS = 500
/** What is seen so soon after our own start was there before it. */
const FIRST_LOOK_MS = 10_000

export interface Observer extends Part {
  fleet: Fleet
  sampler: Sampler
  /** What the launcher runs; undefined where there is none, or it does not answer. */
  running(): RunningShop | undefined
  /** Runs after each sample. */
  onSample(listener: () => void): void
  /** Runs after each step of the series, also where the last sample still stands. */
  onStep(listener: () => void): void
}

/** Looks at every process of the shop: by the registry, by the launcher, and by asking each for a snapshot. */
export function startObserver({
  mesh,
  ask,
  log,
  launcher,
  marks,
  activity,
  pspUrl,
}: {
  mesh: MeshClient
  ask: AskInstance
  log: Log
  launcher: Launcher | undefined
  marks: Marks
  activity: Activity
  pspUrl: string
}): Observer {
  const startedAtMs = performance.now()
  const sampler = createSampler({ ask, log })
  const fleet = createFleet((seen, before) => {
    activity.note()
    const isFirstLook = performance.now() - startedAtMs < FIRST_LOOK_MS
    const what = whatHappened(seen, before)
    if (what !== undefined && !isFirstLook) marks.add({ kind: 'instance', name: seen.name, what })
  })
  const sampled: (() => void)[] = []
  const stepped: (() => void)[] = []
  let running: RunningShop | undefined
  let isPspAnswering: boolean | undefined
  for (const service of CALLERS) mesh.watch(service)

  function see(): void {
    fleet.see(sights(), new Date())
  }

  function sights(): Sight[] {
    const known = new Map<string, Sight>()
    const processes = new Map(running?.instances.map((one) => [one.instance, one]))
    for (const service of CALLERS) {
      for (const { name, tier, isWarning } of mesh.instances(service)) {
        if (tier === 'gone') continue
        const registry = tier === 'unverified' ? tier : isWarning ? 'warning' : tier
        const process = processes.get(name)
        known.set(name, { name, service, registry, process, answered: hasAnswered(name, process?.pid) })
      }
    }
    for (const process of processes.values()) {
      const { instance: name, service } = process
      const isPsp = service === 'psp'
      const registry = isPsp ? 'verified' : undefined
      const answered = isPsp ? isPspAnswering : false
      if (!known.has(name)) known.set(name, { name, service, registry, process, answered })
    }
    if (running === undefined)
      known.set('psp-1', {
        name: 'psp-1',
        service: 'psp',
        registry: 'verified',
        process: undefined,
        answered: isPspAnswering,
      })
    return [...known.values()]
  }

  /** Undefined where the process that runs now was not asked yet. */
  function hasAnswered(name: string, pid: number | null | undefined): boolean | undefined {
    const sample = sampler.of(name)
    if (sample?.snapshot === undefined) return sample && false
    return (pid ?? sample.snapshot.pid) === sample.snapshot.pid ? true : undefined
  }

  async function lookAtProcesses(): Promise<boolean> {
    running = await launcher?.running().catch((error: unknown) => {
      log.debug({ err: error }, 'the launcher does not answer')
      return undefined
    })
    see()
    return false
  }

  async function sample(): Promise<void> {
    const instances = CALLERS.flatMap((service) =>
      mesh.instances(service).map((instance) => ({ ...instance, service })),
    )
    await Promise.all([
      sampler.sample(instances.filter(({ tier }) => tier !== 'gone')),
      fetch(new URL('/readyz', pspUrl), { signal: AbortSignal.timeout(PSP_LIMIT_MS) }).then(
        async (answer) => {
          await answer.arrayBuffer()
          isPspAnswering = answer.ok
        },
        () => {
          isPspAnswering = false
        },
      ),
    ])
    see()
    for (const listener of sampled) listener()
  }

  async function step(): Promise<boolean> {
    if (activity.isSampled()) await sample()
    for (const listener of stepped) listener()
    return false
  }

  const parts = [
    startTimer('processes', LOOK_MS, lookAtProcesses, log),
    startTimer('samples', STEP_MS, step, log),
  ]
  return {
    fleet,
    sampler,
    running: () => running,
    onSample: (listener) => void sampled.push(listener),
    onStep: (listener) => void stepped.push(listener),
    stop: async () => {
      await Promise.all(parts.map((part) => part.stop()))
    },
  }
}
