import type { ChaosShop } from '../chaos-shop.ts'
import type { Machines } from '../machines.ts'
import type { Random } from '../random.ts'
import type { Fault, FaultSource } from './fault.ts'

/** A loss that is over before it is noticed, one that is noticed, and one after which another machine has taken over. */
const LASTS_MS = [3_000, 12_000, 30_000] as const

/** Every process on a machine is killed at once: a Consul server, a broker, a PostgreSQL. */
export const switchOff: FaultSource = (shop, random) =>
  lose(shop, random, (name, { powerOff }) => [`${name} without power`, powerOff])

/** A machine goes on, and reaches nothing. */
export const cutCable: FaultSource = (shop, random) =>
  lose(shop, random, (name, { pullCable }) => [`${name} without its cable`, pullCable])

type Loss = (name: string, machines: Machines) => [title: string, begin: (name: string) => Promise<void>]

function lose({ machines }: ChaosShop, random: Random, lossOf: Loss): Fault | undefined {
  if (machines === undefined) return undefined
  const name = random.pick(machines.names)
  const [title, begin] = lossOf(name, machines)
  return {
    title,
    // Of three, one may be lost. It counts as lost until it has caught up.
    target: 'machines',
    lastsMs: random.pick(LASTS_MS),
    begin: async (note) => {
      const roles = await machines.rolesOf(name)
      note(roles)
      await begin(name)
      return async () => {
        const startedAt = performance.now()
        const last = await machines.bringBack(name)
        const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
        note(`${roles}; back after ${seconds} s${last === undefined ? '' : `, last ${last}`}`)
      }
    },
  }
}
