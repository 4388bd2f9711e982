import { expect, it } from '@jest/globals'
import { followSettings } from './follow-settings.ts'
import { createInboundLimit } from './http/inbound-limit.ts'
import type { ProcessSetting } from './mesh/control/traffic.ts'
import { createLog } from './runtime/log.ts'
import { createMetrics } from './runtime/metrics.ts'
import { continueTrace } from './runtime/trace.ts'

it('changes a process while it runs, and takes it back to what its environment says', () => {
  const log = createLog({ service: 'order', instance: 'order-1', level: 'info' }, { write: () => undefined })
  const inbound = createInboundLimit({
    metrics: createMetrics(),
    settings: { initial: 100, max: 200, min: 10 },
  })
  let own: ProcessSetting = {}
  let changed = () => undefined as void
  const control = {
    own: () => own,
    subscribe: (listener: () => void) => {
      changed = listener
      return () => true
    },
  }
  followSettings(control, { log, inbound, logLevel: 'info', sampleRatio: 1 })
  const set = (next: ProcessSetting) => {
    own = next
    changed()
  }

  set({ log_level: 'debug', inbound_max: 4, trace_sample_ratio: 0 })
  expect(continueTrace({}).is_sampled).toBe(false)
  expect([log.level, inbound.limit()]).toEqual(['debug', 4])
  const entered = Array.from({ length: 6 }, () => inbound.enter('read'))
  expect(entered.filter(Boolean)).toHaveLength(4)

  set({})
  expect(log.level).toBe('info')
  expect(continueTrace({}).is_sampled).toBe(true)
  inbound.stop()
})
