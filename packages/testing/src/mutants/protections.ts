import type { Edit } from './edits.ts'

/** What keeps out one who means no good, and for each the edits that take it out of the shop. */
export const PROTECTION_EDITS = {
  signatures: [
    {
      file: 'packages/events/src/signatures/verifier.ts',
      find: 'const text = headers[SIGNATURE_HEADER]',
      replace: 'return undefined\n      const text = headers[SIGNATURE_HEADER]',
    },
  ],
  audience: [
    {
      file: 'packages/common/src/http/auth.ts',
      find: 'audience: [wanted, ...also], ',
      replace: '',
    },
  ],
  schema_owner: [
    {
      file: 'infra/setup/src/databases.ts',
      find: 'if (!isSuperuser) await admin.query(`grant ${role} to current_user`)',
      replace: "if (login === 'nologin') await admin.query(`grant ${role} to ${databaseName(owner)}`)",
    },
  ],
  sealed_cards: [
    {
      file: 'packages/shop/src/sealed-card.ts',
      find: 'if (publicJwk !== undefined) return createSeal(publicJwk)',
      replace: '',
    },
  ],
  kafka_rights: [
    {
      file: 'infra/setup/src/kafka-rights.ts',
      find: 'all.filter(({ owner }) => owner === user).map',
      replace: 'all.map',
    },
  ],
  consul_rights: [
    {
      file: 'infra/setup/src/consul-secrets.ts',
      find: "default_policy: 'deny'",
      replace: "default_policy: 'allow'",
    },
  ],
  tls_only: [
    {
      file: 'packages/common/src/mesh/connections.ts',
      find: 'if (hasToken &&',
      replace: 'if (false && hasToken &&',
    },
  ],
  service_identity: [
    {
      file: 'packages/common/src/mesh/tls/identity.ts',
      find: 'checkServerIdentity: (_host, { raw }) => faultOf(raw, to, naming())',
      replace: 'checkServerIdentity: () => undefined',
    },
  ],
} as const satisfies Record<string, readonly Edit[]>

export type Protection = keyof typeof PROTECTION_EDITS

export const PROTECTIONS = Object.keys(PROTECTION_EDITS) as Protection[]
