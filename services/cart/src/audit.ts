import { messagingFindings } from '@lepton/shop/findings'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Database } from '@lepton/events/postgres/database'
import { type AuditedCheckout, auditCheckouts, FIRST_ID } from '@lepton/contracts/audit'
import type { z } from 'zod'

/** The orders that carts became; those that are old must be there. */
export function auditEndpoint(database: Database): Endpoint {
  return answer(auditCheckouts, async ({ query: { from, to } }) => {
    const { rows } = await database.query<z.infer<typeof AuditedCheckout>>(
      `select order_id, created_at < now() - interval '1 minute' as is_old
       from checkout where order_id between $1 and $2`,
      [from, to],
    )
    const findings = from === FIRST_ID ? await messagingFindings(database, 'cart') : []
    return { status: 200, body: { items: rows, findings } }
  })
}
