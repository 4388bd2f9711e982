import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { afterEach, expect, it, jest } from '@jest/globals'
import { until } from '@lepton/testing/until'
import { meshDefaults } from '../src/mesh/settings.ts'
import { TRANSPORT_NAMES } from '../src/mesh/transports.ts'
import { type FakeInstance, failuresOf, inParallel, useInstances } from './mesh-fixtures.ts'

jest.setTimeout(30_000)

const { instances, over } = useInstances()
const holes: { child: ChildProcess; sockets: Socket[] }[] = []
afterEach(() => {
  for (const { child, sockets } of holes.splice(0)) {
    for (const socket of sockets) socket.destroy()
    child.kill('SIGKILL')
  }
})

const LISTEN = `
const server = require('node:net').createServer().listen(0, '127.0.0.1', 1, () => console.log(server.address().port))
`

/** An address that answers nothing, as one whose machine is gone: a process that is stopped, with its queue full. */
async function startHole(): Promise<number> {
  const child = spawn(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] })
  const sockets: Socket[] = []
  holes.push({ child, sockets })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  child.kill('SIGSTOP')
  const port = Number(line)
  await until('it takes no connection', async () => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    sockets.push(socket)
    const late = new Promise<true>((resolve) => setTimeout(resolve, 200, true))
    return Promise.race([once(socket, 'connect').then(() => false), late])
  })
  return port
}

function gone(port: number, name: string): FakeInstance {
  const ports = Object.fromEntries(['http2', 'grpc', 'frames'].map((one) => [`${one}_port`, String(port)]))
  const place = { id: name, name, address: '127.0.0.1', port, tags: [], meta: ports }
  return {
    instance: { ...place, isWarning: false, weight: 1, tier: 'verified' },
    requests: [],
    handler: () => undefined,
    kill: () => Promise.resolve(),
  }
}

it.each(TRANSPORT_NAMES)(
  'goes on to an instance that is there, well within the deadline (%s)',
  async (name) => {
    const [there] = await instances('order-3')
    const holes = [gone(await startHole(), 'order-1'), gone(await startHole(), 'order-2')]
    const { get, post } = over([...holes, there!], { transportName: name, policy: 'round_robin' })

    const startedMs = performance.now()
    const answers = await inParallel(9, 9, (index) => (index % 3 === 0 ? post() : get()))

    expect(failuresOf(answers)).toEqual([])
    expect(performance.now() - startedMs).toBeLessThan(meshDefaults.deadlineMs / 2)
  },
)
