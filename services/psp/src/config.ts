import { fileContent, configOrExit, whole } from '@lepton/common/runtime/config'
import { secretsOf } from '@lepton/common/http/webhook-signature'
import { z } from 'zod'

export const settings = z.object({
  INSTANCE: z.string().default('psp-1'),
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(0, { min: 0, max: 65_535 }),
  /** Where metrics and health are; port 0 takes a free one. */
  OPS_HOST: z.string().default('127.0.0.1'),
  OPS_PORT: whole(0, { min: 0, max: 65_535 }),
  STATE_DIR: z.string().min(1),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Where each movement is posted to, signed with the secret; without it, none is. */
  WEBHOOK_URL: z.url().optional(),
  /** One secret a line; a webhook is signed with each of them, so that the merchant can change from one to the next. */
  PSP_SECRET_FILE: fileContent().transform(secretsOf).optional(),
  WEBHOOK_TIMEOUT_MS: whole(5_000, { min: 100 }),
  STOP_ON_STDIN_END: z.stringbool().default(false),
})

export const readConfig = () => configOrExit(settings)
