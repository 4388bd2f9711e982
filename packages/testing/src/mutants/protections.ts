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
} as const satisfies Record<string, readonly Edit[]>

export type Protection = keyof typeof PROTECTION_EDITS

export const PROTECTIONS = Object.keys(PROTECTION_EDITS) as Protection[]
