import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { opsSocketPath, serveControl } from './control.ts'
import type { Shop } from './shop-types.ts'

const stateDir = mkdtempSync(join(tmpdir(), 'lepton-control-'))
const did: string[] = []
const shop = {
  stateDir,
  instances: () => [
    {
      instance: 'order-1',
      service: 'order',
      status: 'ready',
      pid: 7,
      url: 'http://127.0.0.1:1',
      restarts: 2,
    },
  ],
  servers: () => [
    {
      name: 'postgres',
      title: 'PostgreSQL 15',
      address: 'postgres://admin:hidden@127.0.0.1:5433/postgres',
      status: 'ready',
      pid: 8,
      restarts: 0,
    },
  ],
  kill: (name: string) => void did.push(`kill ${name}`),
  pause: (name: string) => void did.push(`pause ${name}`),
  resume: (name: string) => void did.push(`resume ${name}`),
} as unknown as Shop
let close: () => void

beforeAll(async () => {
  close = await serveControl(shop, () => void did.push('stop'))
})
beforeEach(() => void (did.length = 0))
afterAll(() => {
  close()
  rmSync(stateDir, { recursive: true })
})

function askForOps(
  command: string,
  ...args: string[]
): Promise<{ ok: boolean; result?: unknown; error?: string }> {
  return new Promise((resolve) => {
    const socket = connect(opsSocketPath(stateDir))
    socket.write(`${JSON.stringify({ command, args })}\n`)
    createInterface({ input: socket }).once('line', (line) => {
      resolve(JSON.parse(line) as { ok: boolean })
      socket.destroy()
    })
  })
}

it('shows the ops service the processes, and no address with a password in it', async () => {
  expect(await askForOps('ps')).toEqual({
    ok: true,
    result: {
      instances: [
        { instance: 'order-1', service: 'order', status: 'ready', pid: 7, restarts: 2, resumes_at: null },
      ],
      servers: [
        { name: 'postgres', title: 'PostgreSQL 15', status: 'ready', pid: 8, restarts: 0, resumes_at: null },
      ],
    },
  })
})

it('outlives an asker that is killed before it has read its answers', async () => {
  const hasAnswered = new Promise<void>((resolve) => {
    shop.resume = (name) => {
      did.push(`resume ${name}`)
      if (did.length > 1) resolve()
    }
  })
  const asker = connect(opsSocketPath(stateDir)).pause()
  asker.write(`${JSON.stringify({ command: 'resume', args: ['order-1'] })}\n`.repeat(3))
  await hasAnswered
  asker.destroy()
  await once(asker, 'close')

  expect(await askForOps('ps')).toMatchObject({ ok: true })
})

it.each([['stop'], ['logs'], ['pause', 'order-1'], ['pause', 'order-1', '3600'], ['pause', 'order-1', 'x']])(
  'does not let it %s %s %s',
  async (command, ...args) => {
    expect(await askForOps(command, ...args)).toMatchObject({ ok: false })
    expect(did).toEqual([])
  },
)

it('gives it the lines of services, and none of servers', async () => {
  mkdirSync(join(stateDir, 'logs'))
  const line = (level: string) =>
    JSON.stringify({
      level,
      time: '2026-01-01T00:00:00.000Z',
      service: 'order',
      instance: 'order-1',
      msg: level,
    })
  writeFileSync(join(stateDir, 'logs', 'order-1.log'), `${line('info')}\n${line('warn')}\n`)
  writeFileSync(join(stateDir, 'logs', 'postgres.log'), `${line('error')}\n`)
  const ask = async (request: object) => (await askForOps('logs', JSON.stringify(request))).result

  expect(await ask({ level: 'info', lines: 10 })).toEqual([line('info'), line('warn')])
  expect(await ask({ level: 'warn', lines: 10, name: 'order' })).toEqual([line('warn')])
  expect(await ask({ level: 'info', lines: 10, name: 'postgres' })).toEqual([])
  expect(await askForOps('logs', JSON.stringify({ level: 'info', lines: 1_000_000 }))).toMatchObject({
    ok: false,
  })
})

it('lets it kill', async () => {
  expect(await askForOps('kill', 'order-1')).toEqual({ ok: true, result: null })
  expect(did).toEqual(['kill order-1'])
})

it('ends a pause by itself, although the one who asked is gone', async () => {
  const resumed = new Promise<void>((resolve) => {
    shop.resume = (name) => {
      did.push(`resume ${name}`)
      resolve()
    }
  })
  await askForOps('pause', 'order-1', '1')
  expect(did).toEqual(['pause order-1'])

  await resumed
  expect(did).toEqual(['pause order-1', 'resume order-1'])
})

it('is for this user alone', () => {
  expect(statSync(opsSocketPath(stateDir)).mode & 0o777).toBe(0o600)
})
