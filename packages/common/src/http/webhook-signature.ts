import { createHmac, timingSafeEqual } from 'node:crypto'

export const SIGNATURE_HEADER = 'webhook-signature'

/**
 * What proves that a body comes from who knows a secret, and when it was sent: `t=<Unix seconds>,v1=<HMAC-SHA256>`,
 * with a `v1` for each secret.
 */
export function signWebhook(secrets: readonly string[], body: Buffer | string, atMs: number): string {
  const seconds = Math.floor(atMs / 1000)
  const signatures = secrets.map((secret) => `v1=${digest(secret, seconds, body).toString('hex')}`)
  return [`t=${seconds}`, ...signatures].join(',')
}

/** More than a rotation needs; each costs a hash for each secret. */
const MAX_SIGNATURES = 8

/**
 * Whether one of the signatures fits the body under one of the secrets, and is not older, or further ahead, than the
 * tolerance. So a secret can be replaced while webhooks come: either side may know two. The time is part of what is
 * signed, so that an old message cannot be sent again as a new one. Schemes other than `v1` are not looked at.
 */
export function isWebhookSigned(
  secrets: readonly string[],
  header: string | undefined,
  body: Buffer | string,
  { nowMs, toleranceMs }: { nowMs: number; toleranceMs: number },
): boolean {
  const fields = (header ?? '').split(',').map((field) => field.trim())
  const times = fields.flatMap((field) => /^t=(\d{1,12})$/.exec(field)?.[1] ?? [])
  const signatures = fields.flatMap((field) => /^v1=([0-9a-f]{64})$/.exec(field)?.[1] ?? [])
  const [time] = times
  if (time === undefined || times.length > 1 || signatures.length > MAX_SIGNATURES) return false
  const seconds = Number(time)
  const expected = secrets.map((secret) => digest(secret, seconds, body))
  const isSigned = signatures.some((signature) =>
    expected.some((one) => timingSafeEqual(Buffer.from(signature, 'hex'), one)),
  )
  return isSigned && Math.abs(nowMs - seconds * 1000) <= toleranceMs
}

/** The secrets in a file, one a line. */
export function secretsOf(content: string): string[] {
  return content
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

function digest(secret: string, seconds: number, body: Buffer | string): Buffer {
  return createHmac('sha256', secret).update(`${seconds}.`).update(body).digest()
}
