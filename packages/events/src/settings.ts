import { fileContent, whole } from '@lepton/common/runtime/config'
import { z } from 'zod'
import { kafkaSettings } from './kafka/settings.ts'
import { signatureSettings } from './signatures/settings.ts'

/** What a service with a database and events reads besides. */
export const storeSettings = z.object({
  /** `{service}` in it stands for the service's name. */
  DATABASE_URL: z.url(),
  /** Where the password is, when the URL does not have it. */
  DATABASE_PASSWORD_FILE: fileContent().optional(),
  DATABASE_TLS: z.stringbool().default(false),
  /** PEM of the authority that the server's certificate is from; without it, what Node trusts. */
  DATABASE_TLS_CA_FILE: fileContent().optional(),
  DATABASE_POOL_SIZE: whole(10, { max: 100 }),
  ...signatureSettings.shape,
  ...kafkaSettings.shape,
  /** Whether an instance brings the schema up to date at its start. False: it waits until the set-up has. */
  MIGRATE: z.stringbool().default(true),
  /** False only in tests, where the database may forget at a power cut. */
  REQUIRE_DURABILITY: z.stringbool().default(true),
})

export type StoreSettings = z.infer<typeof storeSettings>
