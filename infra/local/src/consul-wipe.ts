import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { controlDefaults } from '@lepton/common/mesh/control/control'
import { createConsulTokens, untilTokensAnswer } from '@lepton/setup/consul-tokens'
import { writeSettings } from './backup/restore.ts'
import type { Launch } from './launch.ts'
import type { ServiceContext } from './services.ts'
import { readJson } from './state.ts'

/**
 * Consul loses everything, and gets back what others know: its tokens from the secrets, the settings of the mesh from
 * what an instance has kept of them. The instances register again by themselves.
 */
export async function wipeConsul({ servers, state }: Launch, context: ServiceContext): Promise<void> {
  const settings = lastKnownSettings(state.folder('instances'))
  await servers.wipe('consul')
  const { consulManagementToken: token, consulTokens } = context.secrets
  const address = context.servers.consul
  await untilTokensAnswer(address, token)
  // First the settings, then the tokens to read them with: so no instance sees that there are none.
  await writeSettings({ address, token }, settings)
  await createConsulTokens(address, token, consulTokens)
}

/** Every instance keeps the settings that it has applied last; the newest file is the best of them. */
function lastKnownSettings(instances: string): { key: string; value: string }[] {
  const name = `settings-${encodeURIComponent(controlDefaults.prefix)}.json`
  const files = globSync(join('*', name), { cwd: instances }).map((file) => join(instances, file))
  const [newest] = files.sort((left, right) => statSync(right).mtimeMs - statSync(left).mtimeMs)
  if (newest === undefined) return []
  const { settings = {} } = readJson(newest) as { settings?: Record<string, unknown> }
  return Object.entries(settings).map(([key, value]) => ({
    key: controlDefaults.prefix + key,
    value: JSON.stringify(value),
  }))
}
