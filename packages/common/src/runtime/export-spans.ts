import { setTimeout as delay } from 'node:timers/promises'
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace'
import type { Part } from './lifecycle.ts'
import type { Log } from './log.ts'
import { collectSpans, type Span } from './span.ts'

/** Spans that wait for their export; more are dropped. */
const MAX_WAITING = 4_096
const EXPORT_TIMEOUT_MS = 5_000
const FLUSH_MS = 1_000

const KINDS: Record<Span['kind'], SpanKind> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
}

/**
 * Sends the spans of this process to an OTLP endpoint over HTTP, in batches, by OpenTelemetry's own exporter.
 * While nothing answers there, spans are lost and nothing else.
 *
 * @param endpoint as OTEL_EXPORTER_OTLP_ENDPOINT has it: without the signal's path
 */
export function exportSpans(
  endpoint: string,
  { service, instance, log }: { service: string; instance: string; log: Log },
): Part {
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`
  const processor = new BatchSpanProcessor({
    exporter: sayingOnce(new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS }), log),
    maxQueueSize: MAX_WAITING,
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
  })
  const resource = resourceFromAttributes({ 'service.name': service, 'service.instance.id': instance })
  const stopCollecting = collectSpans((span) => processor.onEnd({ ...readable(span), resource }))
  return {
    stop: async () => {
      stopCollecting()
      // What the last batch failed with is in the log.
      const flushed = processor.shutdown().catch(() => undefined)
      await Promise.race([flushed, delay(FLUSH_MS, undefined, { ref: false })])
    },
  }
}

/** An endpoint that is away is a line when it is lost and one when it is back. */
function sayingOnce(exporter: SpanExporter, log: Log): SpanExporter {
  let isFailing = false
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const hasFailed = result.error !== undefined
        if (hasFailed && !isFailing)
          log.warn({ err: result.error }, 'spans cannot be exported: they are lost')
        if (!hasFailed && isFailing) log.info('spans are exported again')
        isFailing = hasFailed
        done(result)
      }),
    shutdown: () => exporter.shutdown(),
  }
}

function readable(span: Span): Omit<ReadableSpan, 'resource'> {
  const place = (spanId: string) => ({ traceId: span.trace_id, spanId, traceFlags: TraceFlags.SAMPLED })
  const own = place(span.span_id)
  return {
    name: span.name,
    kind: KINDS[span.kind],
    spanContext: () => own,
    ...(span.parent_id !== null && { parentSpanContext: { ...place(span.parent_id), isRemote: true } }),
    startTime: hrTime(span.started_at_ms),
    endTime: hrTime(span.started_at_ms + span.duration_ms),
    duration: hrTime(span.duration_ms),
    status:
      span.error === null
        ? { code: SpanStatusCode.UNSET }
        : { code: SpanStatusCode.ERROR, message: span.error },
    attributes: span.attributes,
    links: [],
    events: [],
    ended: true,
    instrumentationScope: { name: 'lepton' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

/** Seconds and nanoseconds. */
function hrTime(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1_000)
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)]
}
