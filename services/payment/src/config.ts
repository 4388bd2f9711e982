import { fileContent, loadConfig, storeSettings, whole } from '@lepton/common/config'
import { z } from 'zod'

export const settings = storeSettings.extend({
  PSP_URL: z.url(),
  PSP_TIMEOUT_MS: whole(5_000, { min: 100 }),
  PSP_SECRET_FILE: fileContent(),
  /** How old a webhook may be, by its signature. */
  WEBHOOK_TOLERANCE_MS: whole(300_000, { min: 1_000 }),
})

export const readConfig = () => loadConfig(settings)
