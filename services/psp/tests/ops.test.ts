import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, it } from '@jest/globals'

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts')
/** For a process to start on a busy machine. */
const START_MS = 30_000

let folder: string
let processor: ChildProcess

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lepton-psp-'))
})

afterEach(async () => {
  const ended = once(processor, 'exit')
  processor.kill('SIGTERM')
  await ended
  rmSync(folder, { recursive: true })
})

it(
  'has metrics and health on a listener of its own',
  async () => {
    processor = spawn(process.execPath, [MAIN], {
      env: { STATE_DIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let line: { msg?: string; port?: number; ops_port?: number } = {}
    for await (const text of createInterface({ input: processor.stdout! })) {
      line = JSON.parse(text) as typeof line
      if (line.msg === 'ready') break
    }
    const { port, ops_port } = line
    const get = (on: number | undefined, path: string) => fetch(`http://127.0.0.1:${on}${path}`)

    const metrics = await get(ops_port, '/metrics')

    expect(await metrics.text()).toContain('process_cpu_seconds_total{service="psp"}')
    expect((await get(ops_port, '/readyz')).status).toBe(200)
    expect((await get(port, '/metrics')).status).toBe(404)
  },
  START_MS,
)
