import { describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { OutcomeUnknown, readAnswer } from './psp-answer.ts'

const clock = { nowMs: Date.UTC(2026, 0, 1), mostMs: 60_000 }
const charge = {
  charge_id: newId(),
  merchant_reference: newId(),
  state: 'AUTHORIZED',
  amount_minor: 100,
  currency: 'EUR',
  decline_reason: null,
}

function read(status: number, body: unknown = { detail: 'no' }, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return readAnswer({ status, headers, body: Buffer.from(text) }, clock)
}

function unknown(run: () => unknown): OutcomeUnknown {
  try {
    run()
  } catch (error) {
    if (error instanceof OutcomeUnknown) return error
  }
  throw new Error('it was taken for a decision')
}

describe('a decision', () => {
  it('is a charge, whatever its state', () => {
    for (const state of ['AUTHORIZED', 'DECLINED', 'REFUNDED'])
      expect(read(200, { ...charge, state })).toEqual({ charge: { ...charge, state } })
  })

  it('is a 402, and a 422 that says why', () => {
    expect(read(402)).toEqual({ refusal: 'no' })
    expect(read(422)).toEqual({ refusal: 'no' })
    expect(read(402, '')).toEqual({ refusal: 'the processor refused the payment' })
  })
})

describe('no decision', () => {
  const statuses = [
    201, 204, 301, 302, 304, 307, 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 421, 425, 429, 500, 502,
    503, 504,
  ]
  it.each(statuses)('is a %d', (status) => {
    for (const body of [{ detail: 'no' }, charge, ''])
      expect(unknown(() => read(status, body)).retryAfterMs).toBe(0)
  })

  it.each([
    ['a charge that cannot be read', 200, { ...charge, state: 'MAYBE' }],
    ['a page instead of a charge', 200, '<html>'],
    ['an empty 200', 200, ''],
    ['a 422 that cannot be read', 422, '<html>'],
    ['a 422 of another form', 422, { message: 'no' }],
  ])('is %s', (_what, status, body) => {
    unknown(() => read(status, body))
  })

  it('is a problem document: it is about our request, not about the card', () => {
    unknown(() =>
      read(422, { detail: 'this key is another request’s' }, { 'content-type': 'application/problem+json' }),
    )
  })

  it('may ask us to wait, for a minute at most', () => {
    expect(unknown(() => read(429, '', { 'retry-after': '2' })).retryAfterMs).toBe(2_000)
    expect(unknown(() => read(503, '', { 'retry-after': '86400' })).retryAfterMs).toBe(60_000)
  })
})
