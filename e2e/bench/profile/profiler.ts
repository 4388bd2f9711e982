import { readlink, readFile, stat } from 'node:fs/promises'
import { until } from '@lepton/testing/until'

export interface Frame {
  id: number
  callFrame: { functionName: string; url: string; lineNumber: number }
  children?: number[]
}

/** V8's: the frames as a tree, which of them was met by each sample, and the time (µs) since the sample before. */
export interface Profile {
  nodes: Frame[]
  samples: number[]
  timeDeltas: number[]
}

export interface Profiler {
  start(): Promise<void>
  stop(): Promise<Profile>
}

/** Goes before what starts the processes: SIGUSR1 then opens a port of each one's own. */
export const PROFILED = '--inspect-port=0'

/**
 * Profiles a running process of Node over its inspector, which it opens when it gets SIGUSR1.
 * Its stderr has to be a file: the inspector's address is written there.
 */
export async function profilerOf(pid: number, intervalUs: number): Promise<Profiler> {
  const log = await readlink(`/proc/${pid}/fd/2`)
  const { size } = await stat(log)
  process.kill(pid, 'SIGUSR1')
  const url = await until(`the inspector of ${pid}`, async () => {
    // Not what processes before it wrote there.
    const written = (await readFile(log)).subarray(size).toString()
    const [, address] = /Debugger listening on (ws:\S+)/.exec(written) ?? []
    return address
  })
  const socket = new WebSocket(url)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error(`no inspector at ${url}`)))
  })
  const waiting = new Map<number, (result: unknown) => void>()
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id: number; result: unknown }
    waiting.get(id)?.(result)
    waiting.delete(id)
  })
  let count = 0
  const ask = (method: string, params: object = {}) =>
    new Promise<unknown>((resolve) => {
      waiting.set(++count, resolve)
      socket.send(JSON.stringify({ id: count, method, params }))
    })
  await ask('Profiler.enable')
  await ask('Profiler.setSamplingInterval', { interval: intervalUs })
  return {
    start: async () => {
      await ask('Profiler.start')
    },
    stop: async () => ((await ask('Profiler.stop')) as { profile: Profile }).profile,
  }
}
