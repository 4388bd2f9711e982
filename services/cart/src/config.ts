import { configOrExit, fileContent, whole } from '@lepton/common/runtime/config'
import { instanceSettings } from '@lepton/common/settings'
import { storeSettings } from '@lepton/events/settings'

export const settings = instanceSettings.extend({
  ...storeSettings.shape,
  /** The payment service's public key for cards (a JWK). */
  CARD_KEY_FILE: fileContent().optional(),
  /** How long a checkout in two phases waits for the decision about its order. */
  TWO_PHASE_WAIT_MS: whole(3_000, { min: 0, max: 60_000 }),
})

export const readConfig = () => configOrExit(settings)
