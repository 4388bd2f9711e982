import { createLog } from '@lepton/common/runtime/log'

export const silentLog = createLog({ service: 'testing', instance: 'testing-1', level: 'silent' })
