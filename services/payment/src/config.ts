import { loadConfig, storeSettings, whole } from '@lepton/common/config'
import { z } from 'zod'

export const settings = storeSettings.extend({
  PSP_URL: z.url(),
  PSP_TIMEOUT_MS: whole(5_000, { min: 100 }),
})

export const readConfig = () => loadConfig(settings)
