import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { until } from '@lepton/testing/until'
import { type Proxy, startProxy } from './proxy.ts'

let echo: Server
let served: Socket[]
let proxy: Proxy

beforeEach(async () => {
  served = []
  echo = createServer((socket) => {
    served.push(socket)
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
  proxy = await startProxy({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port })
})

afterEach(async () => {
  await proxy.close()
  for (const socket of served) socket.destroy()
  echo.close()
})

function open() {
  const [host, port] = proxy.address.split(':')
  const socket = connect({ host: host!, port: Number(port) })
  const seen = { text: '', closed: false, ended: false }
  socket.on('data', (chunk) => (seen.text += chunk.toString()))
  socket.on('end', () => (seen.ended = true))
  socket.on('error', () => undefined)
  socket.on('close', () => (seen.closed = true))
  return { socket, seen }
}

describe('a proxy', () => {
  it('forwards both ways in clear weather', async () => {
    const { socket, seen } = open()
    socket.write('hello')
    await until('the echo', () => seen.text === 'hello')
    socket.destroy()
  })

  it('holds bytes and delivers them afterwards', async () => {
    const { socket, seen } = open()
    socket.write('a')
    await until('the first echo', () => seen.text === 'a')
    proxy.setWeather({ kind: 'hold', direction: 'there' })
    socket.write('b')
    await once(setImmediateEmitter(), 'tick')
    expect(seen.text).toBe('a')
    proxy.setWeather({ kind: 'clear' })
    await until('the held echo', () => seen.text === 'ab')
    socket.destroy()
  })

  it('lets through so many bytes a second, in order, and the rest at once when it clears up', async () => {
    const text = Array.from({ length: 400 }, (_, index) => `${index} `).join('')
    const { socket, seen } = open()
    proxy.setWeather({ kind: 'throttle', bytesPerS: 10_000 })
    const sentAt = performance.now()
    socket.write(text)
    await until('half of it', () => seen.text.length >= text.length / 2)
    expect(performance.now() - sentAt).toBeGreaterThan((1_000 * text.length) / 2 / 10_000)
    expect(seen.text.length).toBeLessThan(text.length)
    proxy.setWeather({ kind: 'throttle', bytesPerS: 10 })
    proxy.setWeather({ kind: 'clear' })
    await until('all of it', () => seen.text === text, { timeoutMs: 1_000 })
    socket.destroy()
  })

  it('cuts connections and refuses new ones while it resets', async () => {
    const { socket, seen } = open()
    socket.write('a')
    await until('the first echo', () => seen.text === 'a')
    proxy.setWeather({ kind: 'reset' })
    await until('the end of the connection', () => seen.closed)
    const next = open()
    await until('the end of the next', () => next.seen.closed)
  })

  it('loses what was in flight in a black hole', async () => {
    const { socket, seen } = open()
    socket.write('a')
    await until('the first echo', () => seen.text === 'a')
    proxy.setWeather({ kind: 'blackhole' })
    socket.write('b')
    proxy.setWeather({ kind: 'clear' })
    await until('the end of the connection', () => seen.closed)
    expect(seen.text).toBe('a')
  })

  it('keeps the order of what is delayed and what comes after the delay', async () => {
    proxy.setWeather({ kind: 'delay', delayMs: 30 })
    const { socket, seen } = open()
    socket.write('a')
    await until('it to be in flight', () => served.length === 1)
    proxy.setWeather({ kind: 'clear' })
    socket.write('b')
    await until('both', () => seen.text === 'ab')
    socket.destroy()
  })
})

function setImmediateEmitter(): EventTarget {
  const target = new EventTarget()
  setImmediate(() => target.dispatchEvent(new Event('tick')))
  return target
}
