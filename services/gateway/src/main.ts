import { runService } from '@lepton/common/service'
import { createGatewayApp } from './app.ts'
import { readConfig } from './config.ts'

const settings = readConfig()

await runService(
  'gateway',
  settings,
  (instance) => Promise.resolve({ app: createGatewayApp(instance, settings), parts: [] }),
  { isPublic: true },
)
