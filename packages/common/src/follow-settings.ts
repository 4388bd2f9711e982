import type { InboundLimit } from './http/inbound-limit.ts'
import type { Control } from './mesh/control/control.ts'
import type { Log } from './runtime/log.ts'
import { sampleTraces } from './runtime/trace.ts'

/** Applies what operators change about a running process; what they take back is again as its environment says. */
export function followSettings(
  control: Pick<Control, 'own' | 'subscribe'>,
  {
    log,
    inbound,
    logLevel,
    sampleRatio,
  }: { log: Log; inbound: InboundLimit; logLevel: string; sampleRatio: number },
): void {
  function apply(): void {
    const own = control.own()
    const { log_level = logLevel, inbound_max: max, inbound_queue_ms: targetMs } = own
    if (log.level !== log_level) {
      log.info({ from: log.level, to: log_level }, 'the log level is changed')
      log.level = log_level
    }
    inbound.configure({ max, targetMs })
    sampleTraces(own.trace_sample_ratio ?? sampleRatio)
  }
  control.subscribe(apply)
  apply()
}
