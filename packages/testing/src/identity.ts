import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createSigner,
  createVerifier,
  SHOP_AUDIENCE,
  type Signer,
  type Verify,
} from '@lepton/common/http/auth'
import { createSecrets, type Secrets } from '@lepton/setup/keys'

export type KeyOwner = keyof Secrets['keyFiles']

export interface TestIdentity {
  secrets: Secrets
  verify: Verify
  signerOf(owner: KeyOwner): Signer
  customerToken(id: string): Promise<string>
  operatorToken(id: string): Promise<string>
  /** A service's own token for one operation. */
  serviceToken(service: KeyOwner, operation: string): Promise<string>
  remove(): void
}

/** Keys of a shop of its own, and tokens signed with them for one service, or as people have them. */
export function createIdentity(audience: string = SHOP_AUDIENCE): TestIdentity {
  const directory = mkdtempSync(join(tmpdir(), 'lepton-keys-'))
  const secrets = createSecrets(directory)
  const signerOf = (owner: KeyOwner) =>
    createSigner({ issuer: owner, jwk: readFileSync(secrets.keyFiles[owner], 'utf8') })
  const gateway = signerOf('gateway')
  return {
    secrets,
    signerOf,
    verify: createVerifier({ jwksFile: secrets.jwksFile, audience }),
    customerToken: (id) => gateway.sign({ subject: id, role: 'customer' }, { audience }),
    operatorToken: (id) => gateway.sign({ subject: id, role: 'operator' }, { audience }),
    serviceToken: (service, operation) =>
      signerOf(service).sign({ subject: service, role: 'service', scope: operation }, { audience }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}
