import { BlockList, isIPv6 } from 'node:net'
import { fileContent, instanceSettings, loadConfig, whole } from '@lepton/common/config'
import { z } from 'zod'

function toBlockList(text: string, context: z.RefinementCtx): BlockList {
  const list = new BlockList()
  for (const range of text.split(',')) {
    const [network = '', prefix] = range.trim().split('/')
    try {
      list.addSubnet(network, Number(prefix), isIPv6(network) ? 'ipv6' : 'ipv4')
    } catch {
      context.addIssue(`${range} is not a range such as 127.0.0.0/8`)
    }
  }
  return list
}

export const settings = instanceSettings.extend({
  OPERATOR_SECRET_FILE: fileContent(),
  /** Requests a minute of one subject, and of one address for all its subjects. */
  RATE_LIMIT_PER_MINUTE: whole(1_200),
  ADDRESS_LIMIT_PER_MINUTE: whole(6_000),
  /** New sessions and operator sign-ins a minute from one address. */
  SESSION_LIMIT_PER_MINUTE: whole(120),
  /** The card processor's webhooks a minute from one address, which they do not count for otherwise. */
  WEBHOOK_LIMIT_PER_MINUTE: whole(6_000),
  /** Where requests without a token may come from to be the demo shopper's; in development only. */
  DEMO_FROM: z.string().default('127.0.0.0/8,::1/128').transform(toBlockList),
  UPSTREAM_TIMEOUT_MS: whole(5_000, { min: 100, max: 60_000 }),
})

export type Settings = ReturnType<typeof readConfig>

export const readConfig = () => loadConfig(settings)
