import { readFileSync } from 'node:fs'
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { type Experiment, EXPERIMENT_ROUTES, type Experiments } from '@lepton/contracts/experiments'
import type { Problem } from '@lepton/contracts/problems'
import { Recording } from '@lepton/contracts/recordings'
import { freshKey } from '@lepton/testing/builders'
import { silentLog } from '@lepton/testing/log'
import type { Person } from '@lepton/testing/people'
import { describeRefusals } from '@lepton/testing/route-suite'
import { Unavailable } from '@lepton/common/runtime/problem'
import { experimentRoutes } from '../src/experiments.ts'
import { type Laboratory, LauncherRefused } from '../src/launcher.ts'
import { createMarks } from '../src/marks.ts'
import { createOnce } from '../src/once.ts'
import { useOps } from './ops-service.ts'

const RECORDED = new URL('../../web/src/lab/recordings/tombstone.json', import.meta.url)
const marks = createMarks('boot')
let running: Experiment | undefined
let refusal: Error | undefined

const only = (id: string) =>
  running?.id === id
    ? Promise.resolve(running)
    : Promise.reject(new LauncherRefused(`There is no experiment ${id}.`))
/** The launcher as far as experiments go. */
const laboratory: Laboratory['experiments'] = {
  list: () =>
    refusal === undefined ? Promise.resolve(running === undefined ? [] : [running]) : Promise.reject(refusal),
  start: (request) => {
    if (refusal !== undefined) return Promise.reject(refusal)
    if (running !== undefined) return Promise.reject(new LauncherRefused('An experiment runs already.'))
    running = {
      id: 'lab-1',
      ...request,
      state: 'running',
      started_at: new Date().toISOString(),
      ended_at: null,
      progress: null,
      problem: null,
    }
    return Promise.resolve(running)
  },
  stop: async (id) => Object.assign(await only(id), { state: 'stopped' as const }),
  recording: (id) => only(id).then(() => Recording.parse(JSON.parse(readFileSync(RECORDED, 'utf8')))),
}
const deps = { marks, log: silentLog, once: createOnce() }
const ops = useOps(() =>
  experimentRoutes({
    ...deps,
    launcher: { experiments: laboratory },
    runtime: 'local',
  }),
)
const onCompose = useOps(() => experimentRoutes({ ...deps, launcher: undefined, runtime: 'compose' }))
let operator: Person
const start = (body: object = {}, key = freshKey(), person = operator) =>
  person.post<Experiment & Problem>(
    '/ops/experiments',
    { without: 'tombstone', reason: 'a test', ...body },
    { key },
  )

beforeAll(async () => {
  operator = await ops.people.operator()
})
beforeEach(() => {
  running = undefined
  refusal = undefined
})

describe('an experiment of an operator', () => {
  it('is begun once for a key, and is noted with who and why', async () => {
    const key = freshKey()
    const [first, repeat] = [await start({ seed: 3 }, key), await start({ seed: 3 }, key)]

    expect(first).toMatchObject({ status: 202, body: { pattern: 'tombstone', seed: 3, state: 'running' } })
    expect([repeat.status, repeat.body]).toEqual([202, first.body])
    expect(repeat.headers['idempotency-replayed']).toBe('true')
    const noted = marks.latest(10).filter(({ what }) => what === 'experiment without tombstone: begun')
    expect(noted).toMatchObject([{ name: 'lab-1', reason: 'a test' }])
  })

  it('is refused while another runs, and where there is no room', async () => {
    await start()
    expect(await start()).toMatchObject({ status: 409, body: { type: '/problems/request-in-progress' } })
    running = undefined
    refusal = new LauncherRefused('Two more shops need 2.0 GB of memory, and 1.0 GB are free.')
    expect((await start()).body.detail).toContain('1.0 GB are free')
  })

  it('is shown again when it is done, and can be ended before', async () => {
    const { body } = await start()
    const stopped = await operator.delete<Experiment>(
      `/ops/experiments/${body.id}`,
      { reason: 'seen enough' },
      { key: freshKey() },
    )
    const list = await operator.get<Experiments>('/ops/experiments')
    const recording = await operator.get<Recording>(`/ops/experiments/${body.id}/recording`)
    const none = await operator.get<Problem>('/ops/experiments/lab-9/recording')

    expect(stopped).toMatchObject({ status: 202, body: { state: 'stopped' } })
    expect(list.body).toMatchObject({ allowed: true, max_s: 300, items: [{ id: body.id }] })
    expect(recording).toMatchObject({ status: 200, body: { pattern: 'tombstone' } })
    expect([none.status, none.body.type]).toEqual([404, '/problems/not-found'])
  })

  it('is not possible on Docker Compose, which says what to type', async () => {
    const person = await onCompose.people.operator()
    const list = await person.get<Experiments>('/ops/experiments')
    const refused = await start({}, freshKey(), person)

    expect(list.body).toMatchObject({ allowed: false, items: [] })
    expect(list.body.command).toContain('chaos --mutants --only PATTERN')
    expect([refused.status, refused.body.type]).toEqual([409, '/problems/not-possible-here'])
    expect(refused.body.detail).toContain(list.body.command)
  })

  it('is not possible while the launcher does not answer', async () => {
    refusal = new Unavailable('the launcher')
    expect(await start()).toMatchObject({ status: 409, body: { type: '/problems/not-possible-here' } })
    expect((await operator.get<Experiments>('/ops/experiments')).body).toMatchObject({
      allowed: false,
      items: [],
    })
  })
})

describeRefusals(ops, EXPERIMENT_ROUTES, {
  start_experiment: { without: 'tombstone', seed: 1, reason: 'a test' },
  stop_experiment: { reason: 'a test' },
})
