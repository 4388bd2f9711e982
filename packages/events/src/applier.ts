import { setTimeout as delay } from 'node:timers/promises'
import { doubledMs } from '@lepton/common/runtime/backoff'
import { failpoint } from '@lepton/common/runtime/fault-injection'
import type { Log } from '@lepton/common/runtime/log'
import { recordSpan, spanNowMs } from '@lepton/common/runtime/span'
import type { Metrics } from '@lepton/common/runtime/metrics'
import { applyChunk, KeysWait } from './apply.ts'
import { consumedCounter } from './consumed.ts'
import { park } from './dead-letters/dead-letter.ts'
import type { Outbox } from './outbox.ts'
import { isPoison } from './poison.ts'
import type { Database } from './postgres/database.ts'
import type { ParsedRecord, Subscription } from './subscription.ts'

interface ApplierDeps {
  database: Database
  outbox: Outbox
  log: Log
  metrics: Metrics
}

/** Between tries of a record that cannot be applied. */
const POISON_BACKOFF = { baseMs: 50, maxMs: 5_000 }

/** Applies records of a topic; only an outage comes out as a fault. */
export function createApplier(
  { database, outbox, metrics, log }: ApplierDeps,
  subscription: Subscription,
  { group, poisonTries = 5 }: { group: string; poisonTries?: number },
): (records: readonly ParsedRecord[]) => Promise<void> {
  const { name: topic, number: consumer } = subscription.topic
  const events = consumedCounter(metrics)
  const duration = metrics.histogram({
    name: 'messaging_process_duration_seconds',
    help: 'Duration of one transaction of records',
    labelNames: ['topic'],
  })

  const age = metrics.histogram({
    name: 'messaging_record_age_seconds',
    help: 'Time from when a record was appended to when it was applied',
    labelNames: ['topic'],
  })

  async function apply(records: readonly ParsedRecord[]): Promise<void> {
    const startedAtMs = spanNowMs()
    const attempt = (isOptimistic: boolean) =>
      database.inTransaction((tx) => applyChunk(tx, subscription, records, Date.now(), { isOptimistic }))
    const outcome = await attempt(true)
      .catch((error: unknown) => {
        if (error instanceof KeysWait) return attempt(false)
        throw error
      })
      .finally(() => duration.observe({ topic }, (spanNowMs() - startedAtMs) / 1_000))
    const nowMs = Date.now()
    for (const record of records) traceRecord(record, startedAtMs, records.length)
    for (const { record } of records) age.observe({ topic }, Math.max(0, nowMs - record.timestampMs) / 1_000)
    for (const [name, count] of Object.entries(outcome)) events.inc({ topic, outcome: name }, count as number)
    if (outcome.blocked > 0) log.warn({ topic, blocked: outcome.blocked }, 'events blocked by a sequence gap')
  }

  /** Halves what holds something poisonous until it stands alone. */
  async function applyOrBisect(records: readonly ParsedRecord[]): Promise<void> {
    if (records.length === 1) return applyOrPark(records[0]!)
    if (records.every(({ fault }) => fault === undefined)) {
      try {
        await apply(records)
        return
      } catch (error) {
        if (!isPoison(error)) throw error
      }
    }
    const middle = Math.ceil(records.length / 2)
    await applyOrBisect(records.slice(0, middle))
    await applyOrBisect(records.slice(middle))
  }

  async function applyOrPark(parsed: ParsedRecord): Promise<void> {
    let fault = parsed.fault as Error | undefined
    let attempts = 0
    for (; fault === undefined && attempts < poisonTries; attempts++) {
      try {
        await apply([parsed])
        return
      } catch (error) {
        if (!isPoison(error)) throw error
        if (attempts + 1 === poisonTries) fault = error as Error
        else await delay(doubledMs(attempts, POISON_BACKOFF))
      }
    }
    log.error({ err: fault, topic, offset: parsed.record.offset }, 'record parked as a dead letter')
    failpoint('dlq.before_park')
    await park({ database, outbox, group }, consumer, parsed, {
      attempts: Math.max(1, attempts),
      error: fault!,
    })
    failpoint('dlq.after_park')
    events.inc({ topic, outcome: 'dead' })
  }

  return async (records) => {
    if (records.length === 0) return
    outbox.noteOnLog(causesOf(records))
    await applyOrBisect(records)
  }
}

/** What caused an event was consumed, so it is on the log; often another instance of this service has sent it. */
function causesOf(records: readonly ParsedRecord[]): { key: string; event_id: string }[] {
  return records.flatMap(({ event }) =>
    event?.causation_id === undefined ? [] : [{ key: event.key, event_id: event.causation_id }],
  )
}

/** From the start of the transaction that applied it to its end; before that it waited for it. */
function traceRecord(
  { record, source, event, trace }: ParsedRecord,
  startedAtMs: number,
  together: number,
): void {
  if (trace?.is_sampled !== true || event === undefined) return
  recordSpan(trace, startedAtMs, {
    name: `apply ${event.type}`,
    kind: 'consumer',
    attributes: {
      messaging_destination_name: source.topic,
      messaging_destination_partition_id: source.partition,
      messaging_kafka_offset: record.offset,
      messaging_batch_message_count: together,
      waited_ms: Math.max(0, Math.round(startedAtMs - record.timestampMs)),
    },
  })
}
