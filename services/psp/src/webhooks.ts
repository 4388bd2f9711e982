import type { Log } from '@lepton/common/runtime/log'
import { equalJitterMs } from '@lepton/common/runtime/backoff'
import { createTransport, type Transport, transportDefaults } from '@lepton/common/mesh/transport'
import { retryAfterMs } from '@lepton/common/runtime/retry-after'
import type { Part } from '@lepton/common/runtime/lifecycle'
import { startTimer } from '@lepton/common/runtime/timer'
import { SIGNATURE_HEADER, signWebhook } from '@lepton/common/http/webhook-signature'
import type { Delivery, Letter, Postbox } from './postbox-store.ts'

const POLL_MS = 250
const AT_ONCE = 16
const RETRY = { baseMs: 1_000, maxMs: 30_000 }
const MAX_ATTEMPTS = 8

interface WebhookDeps {
  postbox: Postbox
  url: string
  secrets: readonly string[]
  timeoutMs: number
  log: Log
}

/**
 * Tells the merchant of every movement, at least once and in no promised order, until it is taken or was
 * tried often enough: a merchant that did not get it can ask.
 */
export function startWebhooks(deps: WebhookDeps): Part {
  const { postbox, url, log } = deps
  const transport = createTransport(new URL(url).origin, transportDefaults)
  const timer = startTimer(
    'webhooks',
    POLL_MS,
    async () => {
      const letters = postbox.due(Date.now(), AT_ONCE)
      if (letters.length > 0) {
        postbox.note(await Promise.all(letters.map((letter) => deliver(deps, transport, letter))))
      }
      return letters.length === AT_ONCE
    },
    log,
  )
  return {
    stop: async () => {
      await timer.stop()
      await transport.destroy()
    },
  }
}

async function deliver(deps: WebhookDeps, transport: Transport, letter: Letter): Promise<Delivery> {
  const { webhook, copies, attempts } = letter
  const { event_id } = webhook
  try {
    for (let copy = 0; copy < copies; copy++) await post(deps, transport, JSON.stringify(webhook))
    return { event_id, isTaken: true }
  } catch (error) {
    deps.log.info({ err: error, event_id, attempts: attempts + 1 }, 'a webhook was not taken')
    const isLast = attempts + 1 >= MAX_ATTEMPTS
    const askedMs = error instanceof NotTaken ? error.waitMs : 0
    const waitMs = Math.max(askedMs, equalJitterMs(attempts, RETRY, Math.random))
    return { event_id, isTaken: false, nextAtMs: isLast ? undefined : Math.round(Date.now() + waitMs) }
  }
}

async function post({ url, secrets, timeoutMs }: WebhookDeps, transport: Transport, body: string) {
  const { status, headers } = await transport.exchange({
    method: 'POST',
    path: new URL(url).pathname,
    headers: {
      'content-type': 'application/json',
      [SIGNATURE_HEADER]: signWebhook(secrets, body, Date.now()),
    },
    body,
    timeoutMs,
  })
  if (status >= 300) {
    const clock = { nowMs: Date.now(), mostMs: RETRY.maxMs }
    throw new NotTaken(`the merchant answered ${status}`, retryAfterMs(headers['retry-after'], clock))
  }
}

/** An answer that is no 2xx: the webhook is sent again, after `waitMs` at the least. */
class NotTaken extends Error {
  readonly waitMs: number

  constructor(message: string, waitMs = 0) {
    super(message)
    this.waitMs = waitMs
  }
}
