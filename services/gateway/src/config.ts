import { fileContent, instanceSettings, loadConfig, whole } from '@lepton/common/config'

export const settings = instanceSettings.extend({
  OPERATOR_SECRET_FILE: fileContent(),
  /** Requests a minute of one subject, and of one address for all its subjects. */
  RATE_LIMIT_PER_MINUTE: whole(1_200),
  ADDRESS_LIMIT_PER_MINUTE: whole(6_000),
  /** New sessions and operator sign-ins a minute from one address. */
  SESSION_LIMIT_PER_MINUTE: whole(120),
  UPSTREAM_TIMEOUT_MS: whole(5_000, { min: 100, max: 60_000 }),
})

export type Settings = ReturnType<typeof readConfig>

export const readConfig = () => loadConfig(settings)
