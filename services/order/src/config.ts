import { loadConfig, storeSettings, whole } from '@lepton/common/config'

export const settings = storeSettings.extend({
  ORDER_DEADLINE_MS: whole(120_000, { min: 1_000 }),
  ORDER_PAYMENT_WAIT_MS: whole(600_000, { min: 1_000 }),
})

export const readConfig = () => loadConfig(settings)
