import { configOrExit } from '@lepton/common/runtime/config'
import { instanceSettings } from '@lepton/common/settings'
import { storeSettings } from '@lepton/events/settings'

export const settings = instanceSettings.extend(storeSettings.shape)

export const readConfig = () => configOrExit(settings)
