import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { writeWhole } from '@lepton/setup/files'
import { CannotStart } from './cannot-start.ts'
import { acquireLock, LOCK_FILE } from './lock.ts'
import { isAlive, signalIfThere, startedAt } from './process-info.ts'

const LEFTOVER_TIMEOUT_MS = 10_000

export interface State {
  dir: string
  /** A folder below the state directory, made when it is missing. */
  folder: (...names: string[]) => string
  pidsFile: string
  ports: Record<string, number>
  savePorts: (ports: Record<string, number>) => void
  recordProcess: (pid: number, signal: 'KILL' | 'INT' | 'CONT', name: string) => void
  forgetProcess: (pid: number) => void
  writeRun: (run: unknown) => void
  release: () => void
}

export interface OpenOptions {
  isFresh?: boolean
  /** Gets a sentence when what the directory says of the shop is out of date. */
  warn?: (message: string) => void
}

/**
 * Takes the state directory for this launcher: alone, without processes that an earlier launcher may have left, and
 * empty when `isFresh`.
 *
 * @throws CannotStart when another launcher holds it
 */
export async function openState(
  dir: string,
  { isFresh = false, warn = () => undefined }: OpenOptions = {},
): Promise<State> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const release = acquireLock(dir)
  const pidsFile = join(dir, 'pids')
  await endLeftovers(pidsFile)
  if (isFresh) {
    for (const name of readdirSync(dir)) {
      if (name !== LOCK_FILE) rmSync(join(dir, name), { recursive: true, force: true })
    }
  }
  const processes = new Map<number, string>()
  const pids = () => [...processes.values()].join('')
  writeWhole(pidsFile, pids())
  const keep = keeper(warn)

  let isReleased = false
  const runFile = join(dir, 'run.json')
  rmSync(runFile, { force: true })
  const portsFile = join(dir, 'ports.json')
  return {
    dir,
    folder: (...names) => {
      const folder = join(dir, ...names)
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      return folder
    },
    pidsFile,
    ports: readJson(portsFile) as Record<string, number>,
    savePorts: (ports) => writeWhole(portsFile, JSON.stringify(ports, null, 2)),
    recordProcess: (pid, signal, name) => {
      processes.set(pid, `${pid} ${signal} ${startedAt(pid) ?? '-'} ${name}\n`)
      keep(pidsFile, pids())
    },
    forgetProcess: (pid) => {
      processes.delete(pid)
      keep(pidsFile, pids())
    },
    writeRun: (run) => {
      if (!isReleased) keep(runFile, `${JSON.stringify(run, null, 2)}\n`)
    },
    release: () => {
      isReleased = true
      rmSync(runFile, { force: true })
      rmSync(pidsFile, { force: true })
      release()
    },
  }
}

/** Processes of a launcher that was killed may take a moment to go, or need help; their ports and files are ours. */
async function endLeftovers(pidsFile: string) {
  const leftovers = readText(pidsFile)
    .split('\n')
    .map((line) => /^(\d+) (\w+) (\S+) /.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, signal, started]) => ({
      pid: Number(pid),
      signal: `SIG${signal}` as NodeJS.Signals,
      started,
    }))
    .filter(({ pid, started }) => startedAt(pid) === started)
  const deadline = Date.now() + LEFTOVER_TIMEOUT_MS
  for (const { pid, signal } of leftovers) {
    signalIfThere(pid, 'SIGCONT')
    signalIfThere(pid, signal)
  }
  while (leftovers.some(({ pid }) => isAlive(pid))) {
    if (Date.now() > deadline) for (const { pid } of leftovers) signalIfThere(pid, 'SIGKILL')
    if (Date.now() > 2 * LEFTOVER_TIMEOUT_MS + deadline) {
      const pids = leftovers.map(({ pid }) => pid).filter(isAlive)
      throw new CannotStart(
        `Processes of an earlier start do not end (${pids.join(', ')}): end them yourself.`,
      )
    }
    await delay(20)
  }
}

export function readJson(file: string): unknown {
  const text = readText(file)
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    return {}
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Writes what describes the shop to others. A full disk must not end it: the next change is written again. */
function keeper(warn: (message: string) => void): (file: string, content: string) => void {
  let isFailing = false
  return (file, content) => {
    try {
      writeWhole(file, content)
      isFailing = false
    } catch (error) {
      if (!isFailing) warn(`${file} cannot be written, and is out of date: ${(error as Error).message}`)
      isFailing = true
    }
  }
}
