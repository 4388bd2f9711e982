import type { ConsulClient } from '@lepton/common/mesh/consul'
import type { Part } from '@lepton/common/runtime/lifecycle'
import type { Instance } from '@lepton/common/service'
import type { Marks } from '../marks.ts'
import type { Observer } from '../observer.ts'
import type { Reconciliation } from '../reconciliation.ts'
import { seeingOf } from '../seeing.ts'
import { type Alarms, createAlarms } from './alarms.ts'
import { createIncreases } from '../increases.ts'
import { createAlarmLog } from './log.ts'
import { startWebhook } from './webhook.ts'

/** Looks at every figure each time there are new ones. */
export function startAlarms(
  { control, log, metrics }: Pick<Instance, 'control' | 'log' | 'metrics'>,
  {
    consul,
    observer,
    books,
    marks,
    webhookUrl,
  }: {
    consul: ConsulClient
    observer: Observer
    books: Pick<Reconciliation, 'latest'>
    marks: Marks
    webhookUrl: string | undefined
  },
): { alarms: Alarms; part: Part } {
  const webhook = webhookUrl === undefined ? undefined : startWebhook(webhookUrl, { log, metrics })
  const increases = createIncreases()
  const alarms = createAlarms({
    control,
    history: createAlarmLog(consul, log),
    webhook,
    log,
    onChange: ({ name, kind, what }) => {
      log[kind === 'raised' ? 'warn' : 'info']({ alarm: name, kind }, what)
      marks.add({ kind: 'alarm', name, what: kind === 'raised' ? what : `cleared: ${what}` })
    },
  })
  let looking: Promise<void> | undefined
  observer.onSample(() => {
    // While Consul is slow a look is left out, so that there is never more than one.
    looking ??= alarms
      .look({
        ...seeingOf(observer),
        walk: books.latest(),
        increases,
      })
      .catch((error: unknown) => log.error({ err: error }, 'the alarms could not be looked at'))
      .finally(() => {
        looking = undefined
      })
  })
  return {
    alarms,
    part: {
      stop: async () => {
        await looking
        await webhook?.stop()
      },
    },
  }
}
