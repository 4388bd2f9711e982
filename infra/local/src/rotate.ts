import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CONSUL_USERS } from '@lepton/setup/consul-rights'
import { createConsulTokens, revokeConsulToken } from '@lepton/setup/consul-tokens'
import { createDatabases } from '@lepton/setup/databases'
import { randomSecret, writeWhole } from '@lepton/setup/files'
import { KAFKA_USERS } from '@lepton/setup/kafka-rights'
import { createKafkaUsers } from '@lepton/setup/kafka-users'
import { createSecrets } from '@lepton/setup/keys'
import { DATABASE_OWNERS, KEY_OWNERS } from '@lepton/setup/services'
import { CannotStart } from './cannot-start.ts'
import type { Fleet } from './fleet.ts'
import { SERVICE_STOP_TIMEOUT_MS, type Launch } from './launch.ts'
import { isService, type ServiceContext, type ServiceName } from './services.ts'

interface Kind {
  /** Whose there may be; of the others there is one. */
  owners?: readonly string[]
  file: (owner: string) => string
  /** Who uses it, where that is not its owner alone. */
  users?: readonly ServiceName[]
}

export const KINDS: Record<string, Kind> = {
  'token-key': { owners: KEY_OWNERS, file: (owner) => `${owner}.jwk.json` },
  'event-key': { owners: DATABASE_OWNERS, file: (owner) => `${owner}.event.jwk.json` },
  'card-key': { file: () => 'card.jwk.json', users: ['payment', 'order', 'cart'] },
  database: { owners: DATABASE_OWNERS, file: (owner) => `database-${owner}.secret` },
  kafka: { owners: KAFKA_USERS, file: (owner) => `kafka-${owner}.secret` },
  consul: { owners: CONSUL_USERS, file: (owner) => `consul-${owner}.secret` },
  operator: { file: () => 'operator.secret', users: ['gateway'] },
  psp: { file: () => 'psp.secret', users: ['psp', 'payment'] },
}

/**
 * Replaces a secret while the shop sells: deletes it, does what makes a new one known, and starts those that use it
 * again, one after the other. The old one's public key is believed until the next start.
 *
 * @returns what was done, in a sentence
 * @throws CannotStart for a secret that there is not
 */
export async function rotate(
  { state, servers }: Launch,
  context: ServiceContext,
  fleet: Fleet,
  [name = '', owner = '']: readonly string[],
): Promise<string> {
  const { file, users } = kindOf(name, owner)
  const secretsDir = state.folder('secrets')
  const path = join(secretsDir, file(owner))
  const old = readFileSync(path, 'utf8').trim()
  const startAgain = () => restartEach(fleet, users ?? (isService(owner) ? [owner] : []))

  if (name === 'psp') {
    // Both sides take each of several: first both know the new one, then neither knows the old one.
    const fresh = randomSecret()
    writeWhole(path, `${fresh}\n${old.split('\n')[0]}\n`)
    await startAgain()
    writeWhole(path, `${fresh}\n`)
    return said(file(owner), await startAgain())
  }
  rmSync(path)
  Object.assign(context.secrets, createSecrets(secretsDir, { keepsOldKeys: true }))
  const { postgres, consul } = context.servers
  const { databasePasswords, consulManagementToken, consulTokens, kafkaPasswords } = context.secrets
  if (name === 'database') await createDatabases(postgres, databasePasswords)
  if (name === 'kafka') {
    servers.process('kafka')
    await createKafkaUsers(context.kafka, kafkaPasswords)
  }
  if (name === 'consul') await createConsulTokens(consul, consulManagementToken, consulTokens)
  const started = await startAgain()
  if (name === 'consul') await revokeConsulToken(consul, consulManagementToken, old)
  return said(file(owner), started)
}

function kindOf(name: string, owner: string): Kind {
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name]! : undefined
  if (kind === undefined) {
    throw new CannotStart(`There is no secret ${name}. There are ${Object.keys(KINDS).join(', ')}.`)
  }
  const { owners = [''] } = kind
  if (owners.includes(owner)) return kind
  throw new CannotStart(
    owners[0] === ''
      ? `There is one ${name}: it takes no service.`
      : `Name the owner of the ${name}: ${owners.join(', ')}.`,
  )
}

async function restartEach(fleet: Fleet, services: readonly ServiceName[]): Promise<string[]> {
  const instances = services.flatMap((service) =>
    fleet.list().flatMap((one) => (one.service === service ? one.instance : [])),
  )
  for (const instance of instances) await fleet.process(instance).restart(SERVICE_STOP_TIMEOUT_MS)
  return instances
}

function said(file: string, started: readonly string[]): string {
  return `${file} is new${started.length === 0 ? '' : `; ${started.join(', ')} started again`}`
}
