import { DatabaseSync } from 'node:sqlite'
import type { Facts } from '../invariants/facts.ts'

const BUSY_TIMEOUT_MS = 2_000

/** The card processor's own books, read beside it. */
export function readLedger(file: string): Pick<Facts, 'charges' | 'movements'> {
  const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    return {
      charges: db
        .prepare(
          'select charge_id, merchant_reference, state, amount_minor, currency, decline_reason from charges',
        )
        .all() as unknown as Facts['charges'],
      movements: db
        .prepare('select charge_id, kind, amount_minor, refusal from movements order by id')
        .all() as unknown as Facts['movements'],
    }
  } finally {
    db.close()
  }
}
