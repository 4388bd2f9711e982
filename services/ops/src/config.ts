import { configOrExit } from '@lepton/common/runtime/config'
import { instanceSettings } from '@lepton/common/settings'

export const settings = instanceSettings.extend({})

export const readConfig = () => configOrExit(settings)
