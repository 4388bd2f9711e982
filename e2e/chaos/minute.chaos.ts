import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it } from '@jest/globals'
import { ROOT } from '@lepton/local/root'

const SEED = '5'
const TIMEOUT_MS = 300_000

it(
  'keeps every promise while everything breaks for a minute',
  async () => {
    const program = join(ROOT, 'e2e', 'chaos', 'main.ts')
    const child = spawn(process.execPath, [program, '--seed', SEED, '--minutes', '1'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [report, exit] = await Promise.all([text(child.stdout), once(child, 'exit')])
    const code = exit[0] as number | null

    expect({ code, report: code === 0 ? '' : report }).toEqual({ code: 0, report: '' })
  },
  TIMEOUT_MS,
)
