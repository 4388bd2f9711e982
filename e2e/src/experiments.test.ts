import { existsSync } from 'node:fs'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { Experiment } from '@lepton/contracts/experiments'
import { createExperiments, type Experiments } from '@lepton/local/experiments'
import { until } from '@lepton/testing/until'

const REQUEST = { pattern: 'outbox', seed: 7 } as const
const PROGRESS = { lane: 'without', phase: 'breaking', round: 1, accepted: 12 }
const SAY = `console.log('a report'); console.log('{ no json'); console.log('${JSON.stringify(PROGRESS)}');`
const WRITE = `require('node:fs').writeFileSync(process.env.TMPDIR + '/outbox.json', '{"pattern":"outbox"}');`
const WAIT = 'setInterval(() => undefined, 1000);'

const made: Experiments[] = []
afterEach(() => made.splice(0).forEach((experiments) => experiments.close()))

/** Experiments whose command is a script; `folders` are those that it was given. */
function experimentsOf(script: string, environment: Partial<Parameters<typeof createExperiments>[0]> = {}) {
  const folders: string[] = []
  const experiments = createExperiments({
    commandFor: (_request, folder) => {
      folders.push(folder)
      return [process.execPath, '-e', script]
    },
    freeBytes: () => 4 * 1024 ** 3,
    ...environment,
  })
  made.push(experiments)
  const ended = (id: string): Promise<Experiment> =>
    until(
      `${id} has ended`,
      () => experiments.list().find((one) => one.id === id && one.ended_at !== null) ?? false,
    )
  return { experiments, folders, ended }
}

describe('an experiment', () => {
  it('is run in a folder of its own, says how far it is, and leaves a recording and nothing else', async () => {
    const { experiments, folders, ended } = experimentsOf(SAY + WRITE)
    const { id } = experiments.start(REQUEST)

    expect(await ended(id)).toMatchObject({ ...REQUEST, state: 'done', progress: PROGRESS, problem: null })
    expect(experiments.recording(id)).toEqual({ pattern: 'outbox' })
    expect(folders.filter((folder) => existsSync(folder))).toEqual([])
  })

  it('is the only one until its shops are gone, also when it was stopped', async () => {
    const { experiments, folders, ended } = experimentsOf(SAY + WAIT)
    const { id } = experiments.start(REQUEST)
    await until('it says how far it is', () => experiments.list()[0]!.progress !== null)
    expect(() => experiments.start(REQUEST)).toThrow('An experiment runs already.')

    expect(experiments.stop(id)).toMatchObject({ state: 'stopped', ended_at: null })
    expect(() => experiments.start(REQUEST)).toThrow('An experiment runs already.')
    await ended(id)

    expect(() => experiments.recording(id)).toThrow('has no recording')
    expect(existsSync(folders[0]!)).toBe(false)
    expect(experiments.stop(id).state).toBe('stopped')
    const next = experiments.start(REQUEST)
    experiments.stop(next.id)
    await ended(next.id)
  })

  it('has failed where it leaves no recording, and says its last words', async () => {
    const { experiments, ended } = experimentsOf(
      `console.error('PostgreSQL does not start'); process.exit(1)`,
    )
    const { id } = experiments.start(REQUEST)
    expect(await ended(id)).toMatchObject({ state: 'failed', problem: 'PostgreSQL does not start' })
  })

  it('is ended after its time, by force where it does not listen', async () => {
    const deaf = `process.on('SIGTERM', () => undefined); ${SAY}${WAIT}`
    const { experiments, ended } = experimentsOf(deaf, { maxMs: 300, stopMs: 50 })
    const { id } = experiments.start(REQUEST)
    expect(await ended(id)).toMatchObject({ state: 'failed', problem: 'It took longer than 0.3 s.' })
  })

  it('is not begun where there is no room for two more shops', () => {
    const { experiments, folders } = experimentsOf(WAIT, { freeBytes: () => 1024 ** 3 })
    expect(() => experiments.start(REQUEST)).toThrow('need 2.0 GB of memory, and 1.0 GB are free')
    expect([folders, experiments.list()]).toEqual([[], []])
  })

  it('ends with the launcher', async () => {
    const { experiments, ended } = experimentsOf(SAY + WAIT)
    const { id } = experiments.start(REQUEST)
    experiments.close()
    expect(await ended(id)).toMatchObject({ state: 'stopped' })
  })
})
