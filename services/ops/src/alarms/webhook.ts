import { createHash } from 'node:crypto'
import { type Backoff, doubledMs } from '@lepton/common/runtime/backoff'
import type { Part } from '@lepton/common/runtime/lifecycle'
import type { Log } from '@lepton/common/runtime/log'
import type { Metrics } from '@lepton/common/runtime/metrics'
import { pause } from '@lepton/common/runtime/wait'
import type { AlarmEvent, AlarmNotice } from '@lepton/contracts/alarms'
import { keyOf } from './judge.ts'

export interface WebhookSettings {
  timeoutMs: number
  tries: number
  backoff: Backoff
  /** Beyond that the oldest is given up: what happens now is worth more. */
  maxWaiting: number
}

export const webhookDefaults: WebhookSettings = {
  timeoutMs: 3_000,
  tries: 6,
  backoff: { baseMs: 500, maxMs: 30_000 },
  maxWaiting: 100,
}

export interface Webhook extends Part {
  send(event: AlarmEvent): void
  view(): { waiting: number; delivered: number; given_up: number }
}

/** Delivers what was raised and cleared, one after the other, so that a receiver gets it in order. */
export function startWebhook(
  url: string,
  { log, metrics }: { log: Log; metrics: Metrics },
  given: Partial<WebhookSettings> = {},
): Webhook {
  const settings = { ...webhookDefaults, ...given }
  const outcomes = metrics.counter({
    name: 'alarm_notices_total',
    help: 'Alarms raised and cleared, by what became of their delivery',
    labelNames: ['outcome'],
  })
  const waiting: AlarmEvent[] = []
  const stopping = new AbortController()
  const counts = { delivered: 0, given_up: 0 }
  let running: Promise<void> | undefined

  function end(outcome: 'delivered' | 'given_up'): void {
    counts[outcome] += 1
    outcomes.inc({ outcome })
  }

  async function deliver(event: AlarmEvent): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted;) {
      const fault = await post(url, noticeOf(event), settings.timeoutMs)
      if (fault === undefined) return end('delivered')
      failures += 1
      if (failures === settings.tries) {
        log.error({ err: fault, alarm: event.name, tries: failures }, 'an alarm could not be delivered')
        return end('given_up')
      }
      await pause(doubledMs(failures - 1, settings.backoff), stopping.signal)
    }
  }

  async function run(): Promise<void> {
    for (let event = waiting[0]; event !== undefined && !stopping.signal.aborted; event = waiting[0]) {
      await deliver(event)
      if (waiting[0] === event) waiting.shift()
    }
    running = undefined
  }

  return {
    send(event) {
      if (waiting.length === settings.maxWaiting) {
        waiting.shift()
        end('given_up')
      }
      waiting.push(event)
      running ??= run()
    },
    view: () => ({ waiting: waiting.length, ...counts }),
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

/** Undefined where the receiver took it. */
async function post(url: string, notice: AlarmNotice, timeoutMs: number): Promise<Error | undefined> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(notice),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    await answer.body?.cancel()
    return answer.ok ? undefined : new Error(`the receiver answered ${answer.status}`)
  } catch (error) {
    return new Error('the receiver does not answer', { cause: error })
  }
}

export function noticeOf({ at, kind, name, labels, severity, what }: AlarmEvent): AlarmNotice {
  const status = kind === 'raised' ? 'firing' : 'resolved'
  const alert = {
    status,
    labels: { alertname: name, severity, ...labels },
    annotations: { summary: what },
    startsAt: at,
    ...(kind === 'cleared' && { endsAt: at }),
    fingerprint: createHash('sha256').update(keyOf(name, labels)).digest('hex').slice(0, 16),
  } as const
  return { version: '4', status, receiver: 'lepton', alerts: [alert] }
}
