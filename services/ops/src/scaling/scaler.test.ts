import { beforeEach, describe, expect, it } from '@jest/globals'
import type { ScalingSetting } from '@lepton/common/mesh/control/traffic'
import type { RunningShop } from '@lepton/contracts/control'
import { silentLog } from '@lepton/testing/log'
import type { Station } from '@lepton/contracts/streams'
import { MEASURES } from './measures.ts'
import { createScaler } from './scaler.ts'
import { GROW_MS } from './size.ts'

const STATION: Station = {
  service: 'order',
  topic: 'cart.v1',
  arrivals_per_s: 30,
  handled_per_s: 20,
  best_per_s: 20,
  servers: 2,
  utilisation: 0.75,
  batch: 1,
  transport_ms: 0,
  predicted: { wait_ms: 64, time_ms: 114, length: 3.4 },
  measured: { time_ms: 100, length: 3 },
  error_share: 0.1,
  backlog: 500,
  drain_s: 50,
  ends: null,
}
const ON_LAG: ScalingSetting = { min: 1, max: 4, on: 'lag', target: 200 }

let setting: ScalingSetting | undefined
let shop: RunningShop | undefined
let stations: Station[]
let begun: string[]
let nowMs: number
let fails: boolean

function run(...instances: [string, string][]): void {
  shop = {
    instances: instances.map(([instance, status]) => ({
      instance,
      service: 'order',
      status,
      pid: 1,
      restarts: 0,
      resumes_at: null,
    })),
    servers: [],
  }
}

const scaler = () =>
  createScaler({
    settingOf: (service) => (service === 'order' ? setting : undefined),
    running: () => shop,
    figuresOf: () => ({ snapshots: [], stations }),
    begin: (action, name, { who, reason }) => {
      begun.push(`${action} ${name}, ${who}: ${reason}`)
      return fails ? Promise.reject(new Error('away')) : Promise.resolve()
    },
    log: silentLog,
    now: () => nowMs,
  })

async function look(one: ReturnType<typeof scaler>, forMs: number): Promise<void> {
  for (let passed = 0; passed <= forMs; passed += 2_000, nowMs += 2_000) {
    await one.look()
    if (begun.length > 0) return
  }
}

beforeEach(() => {
  setting = ON_LAG
  stations = [STATION]
  begun = []
  nowMs = 0
  fails = false
  run(['order-1', 'ready'])
})

describe('the scaler', () => {
  it('adds what a lag asks for, and says why', async () => {
    const one = scaler()
    await look(one, GROW_MS)
    expect(begun).toEqual(
      Array.from({ length: 2 }, () => 'add order, scaling: lag 500, 200 an instance: 1 → 3'),
    )
    expect(one.views()).toMatchObject([{ service: 'order', size: 3, words: 'lag 500, 200 an instance' }])
  })

  it('waits for what starts or stops', async () => {
    run(['order-1', 'ready'], ['order-2', 'starting'])
    await look(scaler(), 60_000)
    expect(begun).toEqual([])
  })

  it('shows no more instances than will stay', async () => {
    run(['order-1', 'ready'], ['order-2', 'stopping'])
    const one = scaler()
    await one.look()
    expect(one.views()).toMatchObject([{ size: 1, changed_at: null }])
    expect(begun).toEqual([])
  })

  it('drains the newest first', async () => {
    run(['order-1', 'ready'], ['order-10', 'ready'], ['order-2', 'ready'])
    stations = [{ ...STATION, backlog: 0 }]
    await look(scaler(), 70_000)
    expect(begun).toEqual(['remove order-10, scaling: lag 0, 200 an instance: 3 → 2'])
  })

  it('leaves a service alone that has no setting, or whose processes are not known', async () => {
    setting = undefined
    await look(scaler(), 60_000)
    setting = ON_LAG
    shop = undefined
    const one = scaler()
    await look(one, 60_000)
    expect([begun, one.views()]).toEqual([[], []])
  })

  it('goes on when the launcher does not answer', async () => {
    fails = true
    const one = scaler()
    await look(one, GROW_MS)
    begun = []
    await look(one, GROW_MS + 2_000)
    expect(begun).toHaveLength(2)
  })
})

describe('its measures', () => {
  const figures = { snapshots: [], stations: [STATION] }

  it('know as many servers as Erlang allows for a wait, and the limit where none is enough', () => {
    expect(MEASURES.wait(figures, 1_000, 4).wanted).toBe(2)
    expect(MEASURES.wait(figures, 5, 4).wanted).toBe(4)
    expect(MEASURES.wait(figures, 20, 4).wanted).toBe(3)
  })

  it('say nothing of what is not known', () => {
    const nothing = { snapshots: [], stations: [] }
    expect(Object.values(MEASURES).map((measure) => measure(nothing, 1, 4).wanted)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
})
