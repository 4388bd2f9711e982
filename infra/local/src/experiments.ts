import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { freemem, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { EXPERIMENT_MAX_S, type Experiment, type ExperimentRequest } from '@lepton/contracts/experiments'
import { RecordingProgress } from '@lepton/contracts/recordings'
import { CannotStart } from './cannot-start.ts'
import { ROOT } from './root.ts'
import { tether } from './tether.ts'

/** A second shop with two instances of everything, and what attacks it. */
const NEEDED_BYTES = 2 * 1024 ** 3
/** Its shops end within this time once it is asked to stop. */
const STOP_MS = 20_000
const KEPT = 5

export interface Experiments {
  list(): Experiment[]
  /** @throws CannotStart where one runs, or there is no room for two more shops */
  start(request: ExperimentRequest): Experiment
  /** @throws CannotStart where there is none of this id; one that has ended stays as it is */
  stop(id: string): Experiment
  /** What came of it, as JSON. @throws CannotStart unless it is done */
  recording(id: string): unknown
  close(): void
}

interface Run {
  view: Experiment
  child: ChildProcess
  recording: unknown
}

interface Environment {
  /** The command that writes `<pattern>.json` into a folder, and its progress as lines. */
  commandFor?: (request: ExperimentRequest, folder: string) => string[]
  freeBytes?: () => number
  maxMs?: number
  stopMs?: number
}

/**
 * Experiments on shops of their own, beside the launcher's: on free ports, with servers and folders of their own, which are
 * deleted afterwards. Code without a pattern never runs in the shop that people use.
 */
export function createExperiments({
  commandFor = chaosCommand,
  freeBytes = freemem,
  maxMs = EXPERIMENT_MAX_S * 1_000,
  stopMs = STOP_MS,
}: Environment = {}): Experiments {
  const runs: Run[] = []
  let count = 0

  function find(id: string): Run {
    const run = runs.find(({ view }) => view.id === id)
    if (run === undefined) throw new CannotStart(`There is no experiment ${id}.`)
    return run
  }

  function end(run: Run, state: 'stopped' | 'failed', problem: string | null): void {
    if (run.view.state !== 'running' || run.view.ended_at !== null) return
    Object.assign(run.view, { state, problem })
    run.child.kill('SIGTERM')
    setTimeout(() => run.child.kill('SIGKILL'), stopMs).unref()
  }

  function start(request: ExperimentRequest): Experiment {
    if (runs.some(({ view }) => view.ended_at === null)) throw new CannotStart('An experiment runs already.')
    if (freeBytes() < NEEDED_BYTES)
      throw new CannotStart(
        `Two more shops need ${gigabytes(NEEDED_BYTES)} of memory, and ${gigabytes(freeBytes())} are free.`,
      )
    const folder = mkdtempSync(join(tmpdir(), 'lepton-lab-'))
    const [file = '', ...args] = tether(commandFor(request, folder), 'INT')
    const child = spawn(file, args, {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: folder },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const view: Experiment = {
      id: `lab-${Date.now().toString(36)}-${(count += 1)}`,
      ...request,
      state: 'running',
      started_at: new Date().toISOString(),
      ended_at: null,
      progress: null,
      problem: null,
    }
    const run: Run = { view, child, recording: undefined }
    runs.unshift(run)
    runs.splice(KEPT)
    const limit = setTimeout(end, maxMs, run, 'failed', `It took longer than ${maxMs / 1_000} s.`).unref()
    let lastWords = 'It ended without a word.'
    createInterface({ input: child.stdout }).on(
      'line',
      (line) => (view.progress = progressIn(line) ?? view.progress),
    )
    createInterface({ input: child.stderr }).on('line', (line) => (lastWords = line.trim() || lastWords))
    child.once('error', (error) => (lastWords = error.message))
    child.once('close', () => {
      clearTimeout(limit)
      if (view.state === 'running') {
        run.recording = readRecording(join(folder, `${request.pattern}.json`))
        view.state = run.recording === undefined ? 'failed' : 'done'
        if (run.recording === undefined) view.problem = lastWords
      }
      view.ended_at = new Date().toISOString()
      rmSync(folder, { recursive: true, force: true })
    })
    return view
  }

  return {
    list: () => runs.map(({ view }) => view),
    start,
    stop: (id) => {
      const run = find(id)
      end(run, 'stopped', null)
      return run.view
    },
    recording: (id) => {
      const { recording } = find(id)
      if (recording === undefined) throw new CannotStart(`Experiment ${id} has no recording.`)
      return recording
    },
    close: () => {
      for (const run of runs) end(run, 'stopped', null)
    },
  }
}

function chaosCommand({ pattern, seed }: ExperimentRequest, folder: string): string[] {
  const chaos = join(ROOT, 'e2e', 'chaos', 'main.ts')
  return [process.execPath, chaos, '--mutants', '--only', pattern, '--seed', String(seed), '--record', folder]
}

/** Undefined for what is no progress: the command writes its report to the same place. */
function progressIn(line: string): RecordingProgress | undefined {
  try {
    return RecordingProgress.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}

function readRecording(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown
  } catch {
    return undefined
  }
}

const gigabytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GB`
