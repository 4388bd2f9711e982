import { isIP } from 'node:net'
import { fileURLToPath } from 'node:url'
import { addressRanges, fileContent, configOrExit, whole } from '@lepton/common/runtime/config'
import { instanceSettings } from '@lepton/common/settings'
import { RUNTIMES } from '@lepton/contracts/session'
import { z } from 'zod'

/** What express takes as `trust proxy`: how many proxies stand before us, or which addresses are theirs. */
function toTrustProxy(text: string, context: z.RefinementCtx): number | string[] {
  if (/^\d{1,2}$/.test(text)) return Number(text)
  const ranges = text.split(',').map((range) => range.trim())
  const wrong = ranges.filter((range) => isIP(range.split('/')[0]!) === 0)
  if (wrong.length > 0)
    context.addIssue(`${wrong.join(', ')}: neither a count of proxies nor their addresses`)
  return ranges
}

export const settings = instanceSettings.extend({
  OPERATOR_SECRET_FILE: fileContent(),
  /** Requests a minute of one subject, and of one address for all its subjects. */
  RATE_LIMIT_PER_MINUTE: whole(1_200),
  ADDRESS_LIMIT_PER_MINUTE: whole(6_000),
  /** Requests that one subject may have in flight. */
  SUBJECT_MAX_IN_FLIGHT: whole(20),
  /** Event streams that one subject may have open, and visitors from one address where any may read. */
  SUBJECT_MAX_STREAMS: whole(4),
  ADDRESS_MAX_STREAMS: whole(32),
  /** New sessions and operator sign-ins a minute from one address. */
  SESSION_LIMIT_PER_MINUTE: whole(120),
  /** How old a session may get: a cookie is renewed while it is used, a bearer token ends for good. */
  CUSTOMER_SESSION_S: whole(30 * 86_400, { min: 60 }),
  OPERATOR_SESSION_S: whole(12 * 3_600, { min: 60 }),
  /** The card processor's webhooks a minute from one address, which they do not count for otherwise. */
  WEBHOOK_LIMIT_PER_MINUTE: whole(6_000),
  /**
   * The proxies whose `X-Forwarded-*` headers are believed: how many stand before the gateway, or their addresses as
   * a list of ranges. Without it a client is the peer that connects, and what it says of itself is dropped.
   */
  TRUST_PROXY: z.string().default('0').transform(toTrustProxy),
  /** Where requests without a token may come from to be the demo shopper's; in development only. */
  DEMO_FROM: addressRanges('127.0.0.0/8,::1/128'),
  /** What started the shop, and so what its operators can do about processes. */
  RUNTIME: z.enum(RUNTIMES).default('external'),
  /** Where the web app was built to. */
  WEB_DIR: z.string().default(fileURLToPath(new URL('../../web/dist', import.meta.url))),
  UPSTREAM_TIMEOUT_MS: whole(5_000, { min: 100, max: 60_000 }),
})

export type Settings = ReturnType<typeof readConfig>

export const readConfig = () => configOrExit(settings)
