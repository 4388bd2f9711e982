import { join } from 'node:path'
import { createConsulClient } from '@lepton/common/mesh/consul'
import { controlDefaults } from '@lepton/common/mesh/control/control'
import { CannotStart } from '../cannot-start.ts'
import type { ServerInfo } from '../shop-types.ts'
import type { Backup } from './manifest.ts'
import { takeBackup } from './take.ts'

const QUERY = { index: 0, waitS: 1, timeoutMs: 5_000 }

/** Backs up the shop that runs on a state directory. */
export async function runBackup(
  dir: string,
  { stateDir, servers, consul }: { stateDir: string; servers: ServerInfo[]; consul: ConsulAccess },
  print: (line: string) => void,
): Promise<void> {
  const postgres = servers.find(({ name }) => name === 'postgres')
  if (postgres === undefined || postgres.status === 'given') {
    throw new CannotStart(
      'PostgreSQL was given, not started here: back it up with its own tools (pg_basebackup), and the folder ' +
        `${join(stateDir, 'secrets')} beside it.`,
    )
  }
  const source = {
    postgresUrl: postgres.address,
    secretsDir: join(stateDir, 'secrets'),
    config: await readSettings(consul),
  }
  await takeBackup(dir, source, print)
}

interface ConsulAccess {
  address: string
  tokenFile: string | undefined
}

/** What operators have set, and who did it. */
async function readSettings(access: ConsulAccess): Promise<Backup['config']> {
  const consul = createConsulClient(access)
  try {
    const { entries } = await consul.listKeys(controlDefaults.prefix, QUERY)
    return entries.map(({ key, value }) => ({ key, value }))
  } catch (error) {
    throw new CannotStart(`The settings of the mesh cannot be read: ${(error as Error).message}`)
  } finally {
    await consul.close()
  }
}
