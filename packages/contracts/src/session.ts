import { z } from 'zod'
import { Instant, text, Uuid } from './fields.ts'

export const Session = z.object({
  token: z.string(),
  customer_id: Uuid,
  role: z.enum(['customer', 'operator']),
  expires_at: Instant,
})

export const OperatorSignIn = z
  .strictObject({
    secret: text(200),
    /** Who signs in: what the audit trail names. */
    name: text(60).default('operator'),
  })
  .meta({ examples: [{ secret: 'the content of .lepton/secrets/operator.secret', name: 'Ada' }] })
