import { configOrExit, storeSettings } from '@lepton/common/runtime/config'

export const settings = storeSettings

export const readConfig = () => configOrExit(settings)
