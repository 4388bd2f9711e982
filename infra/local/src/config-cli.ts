import { userInfo } from 'node:os'
import { createConsulClient } from '@lepton/common/mesh/consul'
import { controlDefaults, createControl } from '@lepton/common/mesh/control/control'
import { createLog } from '@lepton/common/runtime/log'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { CannotStart } from './cannot-start.ts'
import type { ShopCommand } from './cli-args.ts'

/** Reads and changes the settings of the mesh in Consul, which every process applies while it runs. */
export async function runConfig(
  { name, args, values }: ShopCommand,
  { address, tokenFile }: { address: string; tokenFile: string | undefined },
  print: (text: string) => void,
): Promise<void> {
  const [key = '', value = ''] = args
  const consul = createConsulClient({ address, tokenFile })
  const log = createLog({ service: 'config', instance: 'cli', level: 'silent' })
  const control = createControl({ consul, caller: 'cli', log, metrics: createMetrics() })
  const change = { who: userInfo().username, why: values.reason ?? '' }
  try {
    await control.ready
    switch (name) {
      case 'config get':
        return print((await control.get(key)) ?? `${key} is not set`)
      case 'config set':
        await control.set(key, jsonOf(value), change)
        return print(`${key} is ${value}`)
      case 'config unset':
        await control.set(key, undefined, change)
        return print(`${key} is not set any more`)
      case 'config undo':
        await control.undo(key, change)
        return print(`${key} is ${(await control.get(key)) ?? 'not set'}`)
      case 'config watch':
        return await watch()
      default:
        return print(await list())
    }
  } catch (error) {
    throw new CannotStart((error as Error).message)
  } finally {
    await control.close()
    await consul.close()
  }

  async function list(): Promise<string> {
    const query = { index: 0, waitS: 1, timeoutMs: 5_000 }
    const { entries } = await consul.listKeys(controlDefaults.prefix, query)
    const settings = entries
      .map((entry) => ({ ...entry, key: entry.key.slice(controlDefaults.prefix.length) }))
      .filter((entry) => !entry.key.startsWith('audit/'))
    return settings.length === 0
      ? 'nothing is set: every process uses its defaults'
      : settings.map((entry) => `${entry.key}  ${entry.value}`).join('\n')
  }

  /** Until Ctrl-C. */
  async function watch(): Promise<void> {
    let shown = ''
    const show = async () => {
      const now = await list()
      if (now !== shown) print(`${new Date().toISOString().slice(11, 19)}\n${now}`)
      shown = now
    }
    control.subscribe(() => void show())
    await show()
    await new Promise((resolve) => process.once('SIGINT', resolve))
  }
}

function jsonOf(text: string): object {
  try {
    return JSON.parse(text) as object
  } catch {
    throw new CannotStart(`${text} is not JSON, such as {"policy":"latency"}`)
  }
}
