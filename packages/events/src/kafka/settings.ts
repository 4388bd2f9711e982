import { fileContent } from '@lepton/common/runtime/config'
import { z } from 'zod'

const SASL_MECHANISMS = ['scram-sha-256', 'scram-sha-512', 'plain'] as const

/** Where Kafka is, who one is to it, and whether what is said is encrypted. */
export interface KafkaAccess {
  brokers: string[]
  sasl?: { mechanism: (typeof SASL_MECHANISMS)[number]; username: string; password: string }
  /** `ca`: the PEM of the authority that the brokers' certificates are from; what Node trusts without it. */
  tls?: { ca?: string | undefined }
}

export const kafkaSettings = z.object({
  KAFKA_BROKERS: z.string().transform((list) => list.split(',')),
  /** Who this service is to Kafka, where it asks; `{service}` in it stands for the service's name. */
  KAFKA_USERNAME: z.string().min(1).optional(),
  KAFKA_PASSWORD_FILE: fileContent().optional(),
  KAFKA_SASL_MECHANISM: z.enum(SASL_MECHANISMS).default('scram-sha-256'),
  KAFKA_TLS: z.stringbool().default(false),
  /** PEM; without it, what Node trusts. */
  KAFKA_TLS_CA_FILE: fileContent().optional(),
})

/** How a service reaches Kafka. */
export function kafkaAccess(service: string, settings: z.infer<typeof kafkaSettings>): KafkaAccess {
  const { KAFKA_BROKERS: brokers, KAFKA_USERNAME: username, KAFKA_PASSWORD_FILE: password } = settings
  return {
    brokers,
    ...(username !== undefined && {
      sasl: {
        mechanism: settings.KAFKA_SASL_MECHANISM,
        username: username.replaceAll('{service}', service),
        password: password ?? '',
      },
    }),
    ...(settings.KAFKA_TLS && { tls: { ca: settings.KAFKA_TLS_CA_FILE } }),
  }
}
