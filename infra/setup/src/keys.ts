import { createHash, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { ALL_SERVICES, type Service } from '@lepton/contracts/services'
import {
  KEY_OWNERS,
  type DatabaseOwner,
  isDatabaseOwner,
  isKeyOwner,
  type KeyOwner,
  ofEachOwner,
} from './services.ts'

export interface Secrets {
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
 * each time, so it cannot disagree with them.
 */
export function createSecrets(directory: string): Secrets {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const keyFiles = Object.fromEntries(
    KEY_OWNERS.map((owner) => [owner, join(directory, `${owner}.jwk.json`)]),
  ) as Record<KeyOwner, string>
  const keys = KEY_OWNERS.map((owner) => publicKey(once(keyFiles[owner], () => createKey(owner))))

  const jwksFile = join(directory, 'jwks.json')
  writeFileSync(`${jwksFile}.part`, JSON.stringify({ keys }, null, 2))
  renameSync(`${jwksFile}.part`, jwksFile)

  const operatorSecretFile = join(directory, 'operator.secret')
  const pspSecretFile = join(directory, 'psp.secret')
  once(operatorSecretFile, randomSecret)
  once(pspSecretFile, randomSecret)
  const databasePasswordFiles = ofEachOwner((owner) => join(directory, `database-${owner}.secret`))
  const databasePasswords = ofEachOwner((owner) => once(databasePasswordFiles[owner], randomSecret))

  return { keyFiles, jwksFile, operatorSecretFile, pspSecretFile, databasePasswords, databasePasswordFiles }
}

/** Copies to each service's own folder in `directory` what that service needs of the secrets, and nothing else. */
export function shareSecrets(secrets: Secrets, directory: string): void {
  for (const service of ALL_SERVICES) {
    const folder = join(directory, service)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const [name, file] of Object.entries(shareOf(service, secrets))) {
      const copy = join(folder, name)
      copyFileSync(file, `${copy}.part`)
      renameSync(`${copy}.part`, copy)
    }
  }
}

/** The files of a service by the names that they have in its own folder, which are the same for every service. */
function shareOf(service: Service, secrets: Secrets): Record<string, string> {
  const { keyFiles, jwksFile, operatorSecretFile, pspSecretFile, databasePasswordFiles } = secrets
  return {
    ...(isKeyOwner(service) && { 'key.jwk.json': keyFiles[service], 'jwks.json': jwksFile }),
    ...(isDatabaseOwner(service) && { 'database.secret': databasePasswordFiles[service] }),
    ...(service === 'gateway' && { 'operator.secret': operatorSecretFile }),
    ...((service === 'payment' || service === 'psp') && { 'psp.secret': pspSecretFile }),
  }
}

/** The content of `file`, made by `create` when there is no such file; whole, or not there at all. */
export function once(file: string, create: () => string, mode = 0o600): string {
  if (!existsSync(file)) {
    const part = `${file}.${process.pid}.part`
    writeFileSync(part, `${create()}\n`, { mode })
    try {
      linkSync(part, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      unlinkSync(part)
    }
  }
  return readFileSync(file, 'utf8').trim()
}

export function randomSecret(): string {
  return randomBytes(24).toString('base64url')
}

function createKey(owner: string): string {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  return JSON.stringify({
    ...jwk,
    kid: `${owner}-${thumbprint(jwk.x ?? '').slice(0, 8)}`,
    alg: 'EdDSA',
    use: 'sig',
  })
}

function publicKey(privateKey: string) {
  const jwk = JSON.parse(privateKey) as { kid: string; kty: string; crv: string; x: string; d: string }
  const { kty, crv, x } = createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'jwk' })
  return { kty, crv, x, kid: jwk.kid, alg: 'EdDSA', use: 'sig' }
}

/** RFC 7638 for an Ed25519 key: its required members in the order of their names. */
function thumbprint(x: string): string {
  return createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url')
}
