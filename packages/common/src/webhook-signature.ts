import { createHmac, timingSafeEqual } from 'node:crypto'

export const SIGNATURE_HEADER = 'webhook-signature'

/** What proves that a body comes from who knows the secret, and when it was sent: `t=<Unix seconds>,v1=<HMAC-SHA256>`. */
export function signWebhook(secret: string, body: Buffer | string, atMs: number): string {
  const seconds = Math.floor(atMs / 1000)
  return `t=${seconds},v1=${digest(secret, seconds, body).toString('hex')}`
}

/**
 * Whether a signature fits the body and is not older, or further ahead, than the tolerance. The time is part
 * of what is signed, so that nobody can send an old message again as a new one.
 */
export function isWebhookSigned(
  secret: string,
  header: string | undefined,
  body: Buffer | string,
  { nowMs, toleranceMs }: { nowMs: number; toleranceMs: number },
): boolean {
  const [, time = '', signature = ''] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header ?? '') ?? []
  if (signature === '') return false
  const isFresh = Math.abs(nowMs - Number(time) * 1000) <= toleranceMs
  return timingSafeEqual(Buffer.from(signature, 'hex'), digest(secret, Number(time), body)) && isFresh
}

function digest(secret: string, seconds: number, body: Buffer | string): Buffer {
  return createHmac('sha256', secret).update(`${seconds}.`).update(body).digest()
}
