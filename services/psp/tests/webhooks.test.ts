import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { closeServer } from '@lepton/common/http/server'
import type { Part } from '@lepton/common/runtime/lifecycle'
import { isWebhookSigned } from '@lepton/common/http/webhook-signature'
import { ChargeWebhook } from '@lepton/contracts/psp'
import { silentLog } from '@lepton/testing/log'
import { until } from '@lepton/testing/until'
import { type Ledger, openLedger } from '../src/ledger-store.ts'
import { startWebhooks } from '../src/webhooks.ts'

const secrets = ['what both know', 'what both will know']
let folder: string
let ledger: Ledger
let merchant: Server
let url: string
let webhooks: Part | undefined
let received: { body: string; signature: string | undefined }[]
/** What the merchant answers next; 204 where nothing is left. */
let answers: number[]
let retryAfter: string | undefined

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lepton-psp-'))
  ledger = openLedger(join(folder, 'ledger.sqlite'), { hasWebhooks: true })
  received = []
  answers = []
  retryAfter = undefined
  merchant = createServer((req, res) => {
    let body = ''
    req.on('data', (part: Buffer) => (body += part.toString()))
    req.on('end', () => {
      received.push({ body, signature: req.headers['webhook-signature'] as string | undefined })
      if (retryAfter !== undefined) res.setHeader('retry-after', retryAfter)
      res.writeHead(answers.shift() ?? 204).end()
    })
  })
  await new Promise<void>((resolve) => merchant.listen(0, '127.0.0.1', resolve))
  const { port } = merchant.address() as { port: number }
  url = `http://127.0.0.1:${port}/api/v1/payments/webhook`
})

afterEach(async () => {
  await webhooks?.stop()
  webhooks = undefined
  await closeServer(merchant)
  ledger.close()
  rmSync(folder, { recursive: true })
})

function start(): void {
  webhooks = startWebhooks({ postbox: ledger.postbox, url, secrets, timeoutMs: 1_000, log: silentLog })
}

function authorize(payment_token = 'tok_approved', decline_reason: string | null = null) {
  const request = { merchant_reference: newId(), amount_minor: 100, currency: 'EUR' as const }
  return ledger.authorize(newId(), { ...request, payment_token, decline_reason }).charge!
}

const events = () => received.map(({ body }) => ChargeWebhook.parse(JSON.parse(body)))
const waiting = () => ledger.postbox.due(Date.now() + 3_600_000, 100)

describe('webhooks', () => {
  it('tell of every movement, signed, once each', async () => {
    const { charge_id, merchant_reference } = authorize()
    ledger.move(newId(), charge_id, 'capture', () => undefined)

    start()
    await until('both are taken', () => waiting().length === 0)

    expect(
      events()
        .map(({ type }) => type)
        .sort(),
    ).toEqual(['charge.authorized', 'charge.captured'])
    expect(events()[0]).toMatchObject({ charge_id, merchant_reference })
    for (const { body, signature } of received) {
      const clock = { nowMs: Date.now(), toleranceMs: 10_000 }
      for (const secret of secrets) expect(isWebhookSigned([secret], signature, body, clock)).toBe(true)
    }
  })

  it('tell of a decline, and of nothing that was refused or repeated', async () => {
    const { charge_id } = authorize('tok_declined', 'insufficient funds')
    const key = newId()
    for (const _time of [1, 2]) ledger.move(key, charge_id, 'capture', () => undefined)

    start()
    await until('it is taken', () => waiting().length === 0)

    expect(events().map(({ type }) => type)).toEqual(['charge.declined'])
  })

  it('come twice with the card for that', async () => {
    authorize('tok_webhook_twice')

    start()
    await until('it is taken', () => waiting().length === 0)

    expect(received).toHaveLength(2)
    expect(new Set(events().map(({ event_id }) => event_id)).size).toBe(1)
  })

  it('come again, with more time between, until they are taken', async () => {
    answers = [503, 500]
    authorize()

    start()
    await until('it was tried', () => waiting()[0]?.attempts === 1)
    const [letter] = waiting()
    ledger.postbox.note([{ event_id: letter!.webhook.event_id, isTaken: false, nextAtMs: Date.now() }])
    await until('it is taken', () => waiting().length === 0, { timeoutMs: 10_000 })

    expect(received.length).toBeGreaterThanOrEqual(2)
    expect(new Set(received.map(({ body }) => body)).size).toBe(1)
  })

  it('wait as long as the merchant asks, half a minute at most', async () => {
    answers = [429]
    retryAfter = '3600'
    const before = Date.now()
    authorize()

    start()
    await until('it was tried', () => waiting()[0]?.attempts === 1)

    expect(ledger.postbox.due(before + 29_000, 1)).toEqual([])
    expect(ledger.postbox.due(Date.now() + 31_000, 1)).toHaveLength(1)
  })

  it('are given up after eight tries, and kept', async () => {
    authorize()
    const event_id = waiting()[0]!.webhook.event_id
    for (let tried = 0; tried < 7; tried++) {
      ledger.postbox.note([{ event_id, isTaken: false, nextAtMs: Date.now() }])
    }
    answers = [500]

    start()
    await until('the last try was made', () => received.length === 1 && waiting().length === 0)

    expect(received).toHaveLength(1)
  })

  it('wait on disk for the next start', async () => {
    authorize()
    ledger.close()
    ledger = openLedger(join(folder, 'ledger.sqlite'), { hasWebhooks: true })

    start()
    await until('it is taken', () => waiting().length === 0)

    expect(events()).toHaveLength(1)
  })
})
