import { spawn } from 'node:child_process'
import { existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { signalIfThere, startedAt } from '@lepton/local/process-info'

/** Starts a program that outlives this process, unless it runs; it logs to a file of its name in the folder. */
export function startDetached(
  dir: string,
  program: string,
  command: readonly string[],
  env?: Record<string, string>,
): void {
  if (isRunning(dir, program)) return
  const log = openSync(join(dir, `${program}.log`), 'a', 0o600)
  const [file = '', ...args] = command
  const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log], ...(env && { env }) })
  child.unref()
  writeFileSync(pidFile(dir, program), `${child.pid} ${startedAt(child.pid!)}`)
}

/** Whether it runs; a later process with its number is not it. */
export function isRunning(dir: string, program: string): boolean {
  return pidOf(dir, program) !== undefined
}

/** Ends it at once, where it runs. */
export function endDetached(dir: string, program: string): void {
  const pid = pidOf(dir, program)
  if (pid !== undefined) signalIfThere(pid, 'SIGKILL')
  rmSync(pidFile(dir, program), { force: true })
}

function pidOf(dir: string, program: string): number | undefined {
  const file = pidFile(dir, program)
  if (!existsSync(file)) return undefined
  const [pid, started] = readFileSync(file, 'utf8').split(' ')
  return startedAt(Number(pid)) === started ? Number(pid) : undefined
}

function pidFile(dir: string, program: string): string {
  return join(dir, `${program}.pid`)
}
