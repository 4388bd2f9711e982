import type { Via } from '@lepton/local/via'
import { type Proxy, startProxy, type Weather } from './proxy.ts'

export interface Link {
  from: string
  to: string
  proxy: Proxy
}

/** Every way between two processes of a shop, with a proxy on it. */
export interface Network {
  via: Via
  links(): readonly Link[]
  close(): Promise<void>
}

const CLEAR: Weather = { kind: 'clear' }

export function createNetwork(): Network {
  const links = new Map<string, Promise<Link>>()
  const known: Link[] = []

  async function open(from: string, to: string, address: string): Promise<Link> {
    const [host = '', port = ''] = address.split(':')
    const link = { from, to, proxy: await startProxy({ host, port: Number(port) }) }
    known.push(link)
    return link
  }

  return {
    via: async ({ from, to, address }) => {
      const name = `${from} ${to}`
      const link = links.get(name) ?? open(from, to, address)
      links.set(name, link)
      return (await link).proxy.address
    },
    links: () => known,
    close: async () => {
      await Promise.all(known.map(({ proxy }) => proxy.close()))
    },
  }
}

export function setWeather(links: readonly Link[], weather: Weather): void {
  for (const { proxy } of links) proxy.setWeather(weather)
}

export function clearUp(links: readonly Link[]): void {
  setWeather(links, CLEAR)
}
