import { createHttpApp } from '@lepton/common/http/app'
import { runService } from '@lepton/common/service'
import { reconcileEndpoint } from './audit.ts'
import { readConfig } from './config.ts'
import { deadLetterEndpoints } from './dead-letters.ts'
import { startReconciliation } from './reconciliation.ts'

const settings = readConfig()

await runService('ops', settings, (instance) =>
  Promise.resolve({
    app: createHttpApp(instance, [reconcileEndpoint(instance.mesh), ...deadLetterEndpoints(instance.mesh)]),
    parts: [startReconciliation(instance)],
  }),
)
