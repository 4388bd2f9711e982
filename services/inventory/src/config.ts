import { configOrExit, storeSettings } from '@lepton/common/config'

export const settings = storeSettings

export const readConfig = () => configOrExit(settings)
