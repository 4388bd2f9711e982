import { hostname, networkInterfaces } from 'node:os'
import { describe, expect, it } from '@jest/globals'
import { ownAddress } from './own-address.ts'

const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address

describe('the address that an instance gives of itself', () => {
  it('is the interface towards Consul, not a name that only this machine knows', async () => {
    if (outside === undefined) return
    expect(await ownAddress('0.0.0.0', `http://${outside}:8500`)).toBe(outside)
  })

  it('is the name of the machine where Consul is on loopback or cannot be found', async () => {
    expect(await ownAddress('0.0.0.0', 'http://127.0.0.1:8500')).toBe(hostname())
    expect(await ownAddress('::', 'http://consul.invalid:8500')).toBe(hostname())
  })

  it('is HOST where that is one interface', async () => {
    expect(await ownAddress('10.1.2.3', 'http://10.1.2.4:8500')).toBe('10.1.2.3')
    expect(await ownAddress('127.0.0.1', 'http://127.0.0.1:8500')).toBe('127.0.0.1')
    expect(await ownAddress('localhost', 'http://[::1]:8500')).toBe('localhost')
  })

  it('is refused on loopback where Consul is on another machine', async () => {
    await expect(ownAddress('127.0.0.1', 'http://10.1.2.4:8500')).rejects.toThrow('set HOST=0.0.0.0')
  })
})
