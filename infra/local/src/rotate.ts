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

/** All of one service's own, with one restart of its instances. */
const ALL = 'all'

/**
 * Replaces secrets while the shop sells: deletes them, does what makes new ones known, and starts those that use them
 * again, one after the other. Old public keys are believed until the next start.
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
  const kinds = kindsOf(name, owner)
  if (kinds.has('kafka')) servers.process('kafka')
  const secretsDir = state.folder('secrets')
  const files = [...kinds.values()].map(({ file }) => file(owner))
  const ofConsul = kinds.get('consul')?.file(owner)
  const oldToken = ofConsul && readFileSync(join(secretsDir, ofConsul), 'utf8').trim()
  const users = [...kinds.values()].flatMap((kind) => kind.users ?? (isService(owner) ? [owner] : []))
  const startAgain = () => restartEach(fleet, [...new Set(users)])

  if (kinds.has('psp')) return said(files, await rotatePspSecret(join(secretsDir, files[0]!), startAgain))
  for (const file of files) rmSync(join(secretsDir, file))
  Object.assign(context.secrets, createSecrets(secretsDir, { keepsOldKeys: true }))
  const { postgres, consul } = context.servers
  const { databasePasswords, consulManagementToken, consulTokens, kafkaPasswords } = context.secrets
  if (kinds.has('database')) await createDatabases(postgres, databasePasswords)
  if (kinds.has('kafka')) await createKafkaUsers(context.kafka, kafkaPasswords)
  if (kinds.has('consul')) await createConsulTokens(consul, consulManagementToken, consulTokens)
  const started = await startAgain()
  if (oldToken !== undefined) await revokeConsulToken(consul, consulManagementToken, oldToken)
  return said(files, started)
}

/** Both sides take each of several: first both know the new one, then neither knows the old one. */
async function rotatePspSecret(path: string, startAgain: () => Promise<string[]>): Promise<string[]> {
  const [old] = readFileSync(path, 'utf8').split('\n')
  const fresh = randomSecret()
  writeWhole(path, `${fresh}\n${old}\n`)
  await startAgain()
  writeWhole(path, `${fresh}\n`)
  return startAgain()
}

/** @throws CannotStart where there is no such secret, or not of this owner */
export function kindsOf(name: string, owner: string): ReadonlyMap<string, Kind> {
  const all = Object.entries(KINDS)
  const found =
    name === ALL
      ? all.filter(([, { owners }]) => owners !== undefined)
      : all.filter(([kind]) => kind === name)
  if (found.length === 0) {
    const names = [...Object.keys(KINDS), ALL].join(', ')
    throw new CannotStart(`There is no secret ${name}. There are ${names}.`)
  }
  const owned = found.filter(([, { owners = [''] }]) => owners.includes(owner))
  if (owned.length > 0) return new Map(owned)
  const owners = [...new Set(found.flatMap(([, kind]) => kind.owners ?? []))]
  throw new CannotStart(
    owners.length === 0
      ? `There is one ${name}: it takes no service.`
      : `rotate ${name} needs one of ${owners.join(', ')}.`,
  )
}

async function restartEach(fleet: Fleet, services: readonly ServiceName[]): Promise<string[]> {
  const instances = services.flatMap((service) =>
    fleet.list().flatMap((one) => (one.service === service ? one.instance : [])),
  )
  for (const instance of instances) await fleet.process(instance).restart(SERVICE_STOP_TIMEOUT_MS)
  return instances
}

function said(files: readonly string[], started: readonly string[]): string {
  return `new: ${files.join(', ')}${started.length === 0 ? '' : `; ${started.join(', ')} started again`}`
}
