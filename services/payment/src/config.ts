import { fileContent, configOrExit, whole } from '@lepton/common/runtime/config'
import { instanceSettings } from '@lepton/common/settings'
import { storeSettings } from '@lepton/events/settings'
import { secretsOf } from '@lepton/common/http/webhook-signature'
import { z } from 'zod'

export const settings = instanceSettings.extend({
  ...storeSettings.shape,
  /** Opens the cards that others pass on (a JWK). */
  CARD_PRIVATE_KEY_FILE: fileContent().optional(),
  PSP_URL: z.url(),
  PSP_TIMEOUT_MS: whole(5_000, { min: 100, max: 6_000 }),
  /** The longest Retry-After of the card processor that is honoured. */
  PSP_MAX_RETRY_AFTER_MS: whole(60_000, { min: 0, max: 3_600_000 }),
  /** Requests in flight at the card processor, of this instance and of one customer over all instances. */
  PSP_MAX_IN_FLIGHT: whole(200, { min: 1, max: 10_000 }),
  PSP_MAX_IN_FLIGHT_PER_CUSTOMER: whole(8, { min: 1, max: 10_000 }),
  /** One secret a line: while the processor changes from one to the next, both are accepted. */
  PSP_SECRET_FILE: fileContent()
    .transform(secretsOf)
    .refine((secrets) => secrets.length > 0, 'holds no secret'),
  /** How old a webhook may be, by its signature. */
  WEBHOOK_TOLERANCE_MS: whole(300_000, { min: 1_000 }),
})

export const readConfig = () => configOrExit(settings)
