import { describe, expect, it } from '@jest/globals'
import { isWebhookSigned, signWebhook } from './webhook-signature.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const clock = { nowMs: NOW_MS, toleranceMs: 300_000 }
const body = '{"event_id":"1"}'
const signed = (atMs = NOW_MS, secret = 'secret') => signWebhook([secret], body, atMs)

describe('a webhook’s signature', () => {
  it('fits its body, its secret and its time', () => {
    expect(isWebhookSigned(['secret'], signed(), body, clock)).toBe(true)
  })

  it.each([
    ['the new secret beside the old', ['old', 'new'], ['new']],
    ['the old secret beside the new', ['old', 'new'], ['old']],
    ['both, of whom one is known', ['new'], ['old', 'new']],
  ])('fits %s', (_what, known, signing) => {
    expect(isWebhookSigned(known, signWebhook(signing, body, NOW_MS), body, clock)).toBe(true)
  })

  it('may have other schemes beside it, and spaces', () => {
    expect(isWebhookSigned(['secret'], `${signed().replace(',', ', ')},v2=abc`, body, clock)).toBe(true)
  })

  it('is not looked for among more than a rotation needs', () => {
    const many = Array.from({ length: 8 }, () => `v1=${'0'.repeat(64)}`).join(',')
    expect(isWebhookSigned(['secret'], `${signed()},${many}`, body, clock)).toBe(false)
  })

  it.each([
    ['another secret', signed(NOW_MS, 'guess'), body],
    ['another body', signed(), '{"event_id":"2"}'],
    ['another time', signed().replace(/t=\d+/, `t=${NOW_MS / 1000 - 1}`), body],
    ['none', undefined, body],
    ['nonsense', 't=1,v1=00', body],
    ['two times', `t=1,${signed()}`, body],
    ['no digest', `t=${NOW_MS / 1000},v1=`, body],
  ])('does not with %s', (_what, header, sent) => {
    expect(isWebhookSigned(['secret'], header, sent, clock)).toBe(false)
  })

  it.each([
    ['old', NOW_MS - 301_000],
    ['from the future', NOW_MS + 301_000],
  ])('does not fit when it is %s', (_what, atMs) => {
    expect(isWebhookSigned(['secret'], signed(atMs), body, clock)).toBe(false)
  })
})
