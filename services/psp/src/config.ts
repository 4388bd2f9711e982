import { loadConfig, whole } from '@lepton/common/config'
import { z } from 'zod'

export const settings = z.object({
  INSTANCE: z.string().default('psp-1'),
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(0, { min: 0, max: 65_535 }),
  STATE_DIR: z.string().min(1),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  STOP_ON_STDIN_END: z.stringbool().default(false),
})

export const readConfig = () => loadConfig(settings)
