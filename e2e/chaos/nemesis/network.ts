import { clearUp, type Link, setWeather } from '../network/network.ts'
import type { Weather } from '../network/proxy.ts'
import type { Random } from '../random.ts'
import type { Fault, FaultSource } from './fault.ts'

const WEATHER: readonly (readonly [number, (random: Random) => Weather])[] = [
  [3, (random) => ({ kind: 'delay', delayMs: random.pick([20, 100, 500, 2_000]) })],
  [2, (random) => ({ kind: 'throttle', bytesPerS: random.pick([1_000, 10_000, 100_000]) })],
  [3, () => ({ kind: 'hold', direction: 'both' })],
  [2, () => ({ kind: 'hold', direction: 'there' })],
  [2, () => ({ kind: 'hold', direction: 'back' })],
  [3, () => ({ kind: 'blackhole' })],
  [3, () => ({ kind: 'reset' })],
  [2, () => ({ kind: 'half_close' })],
]

/** Bad weather on one way between two processes, on all ways of an instance, or on all ways to a server. */
export const disturbNetwork: FaultSource = (shop, random) => {
  const links = shop.network.links()
  const weather = random.weighted(WEATHER)(random)
  const scope = random.weighted([
    [4, 'one'],
    [2, 'instance'],
    [2, 'server'],
  ] as const)
  const link = random.pick(links)
  if (scope === 'one') return fault(`${link.from} → ${link.to}`, [link], weather)
  if (scope === 'server') {
    const { to } = link
    return fault(
      `all → ${to}`,
      links.filter((one) => one.to === to),
      weather,
    )
  }
  const { instance } = random.pick(shop.instances())
  const its = links.filter(({ from, to }) => from === instance || to === instance)
  return fault(`all ways of ${instance}`, its, weather)
}

function fault(where: string, links: readonly Link[], weather: Weather): Fault {
  return {
    title: `${spell(weather)} on ${where}`,
    // Two kinds of weather at one place would end each other.
    target: `network of ${links.map(({ to }) => to).join()}`,
    begin: () => {
      setWeather(links, weather)
      return () => Promise.resolve(clearUp(links))
    },
  }
}

function spell(weather: Weather): string {
  switch (weather.kind) {
    case 'delay':
      return `${weather.delayMs} ms delay`
    case 'throttle':
      return `${weather.bytesPerS} bytes/s`
    case 'hold':
      return weather.direction === 'both' ? 'silence' : `silence one way (${weather.direction})`
    case 'clear':
    case 'blackhole':
    case 'reset':
    case 'half_close':
      return weather.kind.replace('_', '-')
  }
}
