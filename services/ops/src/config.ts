import { addressRanges, configOrExit, whole } from '@lepton/common/runtime/config'
import { instanceSettings } from '@lepton/common/settings'
import { RUNTIMES } from '@lepton/contracts/session'
import { kafkaSettings } from '@lepton/events/kafka/settings'
import { signatureSettings } from '@lepton/events/signatures/settings'
import { z } from 'zod'

export const settings = instanceSettings.extend({
  // It publishes nothing, and needs no key of its own.
  ...signatureSettings.omit({ EVENT_KEY_FILE: true }).shape,
  ...kafkaSettings.shape,
  PSP_URL: z.url(),
  /** What started the shop, and so what can be done to its processes from here. */
  RUNTIME: z.enum(RUNTIMES).default('external'),
  /** Who gets what is raised and cleared, in the format of Prometheus' Alertmanager. */
  ALARM_WEBHOOK_URL: z.union([z.url(), z.literal('').transform(() => undefined)]).optional(),
  /** Where services may be registered by the API; nowhere unless said. */
  REGISTER_ALLOW: addressRanges(''),
  /** Instances that may be registered by the API. */
  REGISTER_MAX: whole(100, { max: 10_000 }),
  /** Where the launcher is asked; without it processes are left alone. */
  CONTROL_SOCKET: z.string().min(1).optional(),
})

export const readConfig = () => configOrExit(settings)
