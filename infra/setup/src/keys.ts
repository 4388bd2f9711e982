import { copyFileSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { ALL_SERVICES, type Service } from '@lepton/contracts/services'
import { type CardKeys, createCardKeys } from './card-keys.ts'
import { consulGuard, type ConsulSecrets, createConsulSecrets } from './consul-secrets.ts'
import { createEventKeys, type EventKeys } from './event-keys.ts'
import { PUBLIC, once, randomSecret, writeWhole } from './files.ts'
import { createKey, publicKey, publishedKeys } from './jwk.ts'
import { createKafkaSecrets, type KafkaSecrets } from './kafka-secrets.ts'
import {
  KEY_OWNERS,
  type DatabaseOwner,
  isDatabaseOwner,
  isKeyOwner,
  type KeyOwner,
  ofEachOwner,
  sealsCards,
} from './services.ts'

export interface Secrets extends CardKeys, EventKeys, KafkaSecrets, ConsulSecrets {
  keyFiles: Record<KeyOwner, string>
  jwksFile: string
  operatorSecretFile: string
  pspSecretFile: string
  databasePasswords: Record<DatabaseOwner, string>
  databasePasswordFiles: Record<DatabaseOwner, string>
}

/**
 * Makes what is missing of the shop's keys and secrets in `directory`, and never overwrites one.
 *
 * Every file with a secret in it is readable by its owner only. The key set (JWKS) is made from the private keys
 * each time, so it cannot disagree with them. Beside them it keeps those it had with `keepsOldKeys`: while a key is
 * replaced, some processes still sign with the old one.
 */
export function createSecrets(directory: string, { keepsOldKeys = false } = {}): Secrets {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const keyFiles = Object.fromEntries(
    KEY_OWNERS.map((owner) => [owner, join(directory, `${owner}.jwk.json`)]),
  ) as Record<KeyOwner, string>
  const keys = KEY_OWNERS.map((owner) => publicKey(once(keyFiles[owner], () => createKey(owner))))

  const jwksFile = join(directory, 'jwks.json')
  const current = new Set(keys.map(({ kid }) => kid))
  const older = keepsOldKeys ? publishedKeys(jwksFile).filter(({ kid }) => !current.has(kid)) : []
  writeWhole(jwksFile, JSON.stringify({ keys: [...keys, ...older] }, null, 2), PUBLIC)

  const operatorSecretFile = join(directory, 'operator.secret')
  const pspSecretFile = join(directory, 'psp.secret')
  once(operatorSecretFile, randomSecret)
  once(pspSecretFile, randomSecret)
  const databasePasswordFiles = ofEachOwner((owner) => join(directory, `database-${owner}.secret`))
  const databasePasswords = ofEachOwner((owner) => once(databasePasswordFiles[owner], randomSecret))

  return {
    keyFiles,
    jwksFile,
    ...createEventKeys(directory),
    ...createCardKeys(directory),
    ...createKafkaSecrets(directory),
    ...createConsulSecrets(directory),
    operatorSecretFile,
    pspSecretFile,
    databasePasswords,
    databasePasswordFiles,
  }
}

/** Copies to each service's own folder in `directory`, and to Kafka's, what it needs of the secrets, and nothing else. */
export function shareSecrets(secrets: Secrets, directory: string): void {
  for (const service of ALL_SERVICES) share(shareOf(service, secrets), join(directory, service))
  const { broker, setup } = secrets.kafkaPasswordFiles
  share({ 'broker.secret': broker, 'setup.secret': setup }, join(directory, 'kafka'))
  const consul = join(directory, 'consul')
  mkdirSync(consul, { recursive: true, mode: 0o755 })
  const guard = (version?: string) => JSON.stringify(consulGuard(secrets.consulManagementToken, version))
  writeWhole(join(consul, 'acl.json'), guard(), PUBLIC)
  writeWhole(join(consul, 'acl-before-1.11.json'), guard('1.10'), PUBLIC)
  writeWhole(join(consul, 'management.secret'), secrets.consulManagementToken, PUBLIC)
}

function share(files: Record<string, string>, folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const [name, file] of Object.entries(files)) {
    const copy = join(folder, name)
    copyFileSync(file, `${copy}.part`)
    renameSync(`${copy}.part`, copy)
  }
}

/** The files of a service by the names that they have in its own folder, which are the same for every service. */
function shareOf(service: Service, secrets: Secrets): Record<string, string> {
  const { keyFiles, jwksFile, consulTokenFiles, eventKeyFiles, eventKeysFile } = secrets
  const { operatorSecretFile, pspSecretFile, databasePasswordFiles, kafkaPasswordFiles } = secrets
  return {
    ...(isKeyOwner(service) && {
      'key.jwk.json': keyFiles[service],
      'jwks.json': jwksFile,
      'consul.secret': consulTokenFiles[service],
    }),
    ...(isDatabaseOwner(service) && {
      'database.secret': databasePasswordFiles[service],
      'event-key.jwk.json': eventKeyFiles[service],
    }),
    ...((isDatabaseOwner(service) || service === 'ops') && {
      'event-keys.json': eventKeysFile,
      'kafka.secret': kafkaPasswordFiles[service],
    }),
    ...(sealsCards(service) && { 'card-key.json': secrets.cardKeyFile }),
    ...(service === 'payment' && { 'card.jwk.json': secrets.cardPrivateKeyFile }),
    ...(service === 'gateway' && { 'operator.secret': operatorSecretFile }),
    ...((service === 'payment' || service === 'psp') && { 'psp.secret': pspSecretFile }),
  }
}
