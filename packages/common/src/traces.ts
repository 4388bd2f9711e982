import type { InstanceSettings } from './settings.ts'
import type { Part } from './runtime/lifecycle.ts'
import type { Log } from './runtime/log.ts'
import { keepRecentSpans } from './runtime/recent-spans.ts'
import type { Span } from './runtime/span.ts'

/** Collects this process's spans: the newest are kept, and all are exported where an endpoint is set. */
export async function startTraces(
  service: string,
  { INSTANCE, TRACE_KEEP_SPANS, OTEL_EXPORTER_OTLP_ENDPOINT }: InstanceSettings,
  log: Log,
): Promise<{ of(traceId: string): Span[]; stop(): Promise<void> }> {
  const recent = keepRecentSpans(TRACE_KEEP_SPANS)
  let exported: Part | undefined
  if (OTEL_EXPORTER_OTLP_ENDPOINT !== undefined) {
    // Loading OpenTelemetry takes longer than starting without it.
    const { exportSpans } = await import('./runtime/export-spans.ts')
    exported = exportSpans(OTEL_EXPORTER_OTLP_ENDPOINT, { service, instance: INSTANCE, log })
  }
  return {
    of: recent.of,
    stop: async () => {
      recent.stop()
      await exported?.stop()
    },
  }
}
