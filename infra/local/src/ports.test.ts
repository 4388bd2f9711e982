import { createServer } from 'node:net'
import { expect, it } from '@jest/globals'
import { createPortChooser, isPortFree } from './ports.ts'

const allFree = () => Promise.resolve(true)

it('prefers the default port, then the one of the last run, then any free one', async () => {
  const taken = new Set([8080])
  const ports = createPortChooser(
    { gateway: 20_007 },
    (port) => Promise.resolve(!taken.has(port)),
    () => 0,
  )

  expect(await ports.choose('consul', 8500)).toBe(8500)
  expect(await ports.choose('gateway', 8080)).toBe(20_007)
  expect(await ports.choose('psp')).toBe(20_000)
})

it('gives no port out twice, and the same one for the same name', async () => {
  const ports = createPortChooser({}, allFree)

  expect(await ports.choose('gateway-1', 8080)).toBe(8080)
  expect(await ports.choose('gateway-2', 8080)).not.toBe(8080)
  expect(await ports.choose('gateway-1', 8080)).toBe(8080)
})

it('remembers what it was given and what it chose', async () => {
  const ports = createPortChooser({ kafka: 20_001 }, allFree)
  await ports.choose('consul', 8500)

  expect(ports.chosen()).toEqual({ kafka: 20_001, consul: 8500 })
})

it('sees a port in use', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const { port } = server.address() as { port: number }

  const whileInUse = await isPortFree(port)
  await new Promise((closed) => server.close(closed))

  expect(whileInUse).toBe(false)
  expect(await isPortFree(port)).toBe(true)
})
