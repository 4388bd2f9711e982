import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { CannotStart } from './cannot-start.ts'
import { tether } from './tether.ts'

const MAX_OUTPUT_CHARS = 64_000

export interface RunOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** Run as this user and group instead of root. */
  uid?: number | undefined
  timeoutMs: number
  signal?: AbortSignal | undefined
}

export interface Outcome {
  code: number
  output: string
}

/** The file that `name` means on PATH, if there is one. */
export function findOnPath(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** Runs a command to its end and gives its exit code and the end of what it wrote; it dies with the launcher. */
export function run(command: string[], options: RunOptions): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
  const [file = '', ...args] = tether(command, 'KILL')
  const child = spawn(file, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    detached: true,
    killSignal: 'SIGKILL',
    timeout: options.timeoutMs,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-MAX_OUTPUT_CHARS))
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  child.on('error', reject)
  child.on('close', (code) => resolve({ code: code ?? 1, output }))
  return promise
}

/** The same where anything but exit code 0 is an error that shows the last lines of the output. */
export async function runOrThrow(command: string[], options: RunOptions): Promise<string> {
  const { code, output } = await run(command, options).catch((error: unknown) => {
    options.signal?.throwIfAborted()
    throw new CannotStart(`${command[0]} could not be run: ${(error as Error).message}`)
  })
  if (code === 0) return output
  const tail = output.trim().split('\n').slice(-6).join('\n')
  throw new CannotStart(`${command.slice(0, 3).join(' ')} ended with ${code}:\n${tail}`)
}
