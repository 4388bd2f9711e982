import { loadConfig, storeSettings } from '@lepton/common/config'

export const settings = storeSettings

export const readConfig = () => loadConfig(settings)
