import { expect, it } from '@jest/globals'
import type { Secrets } from '@lepton/setup/keys'
import { environmentOf, SERVICES } from './services.ts'

const secret = (name: string) => `/s/${name}`
const byOwner = (suffix: string) =>
  Object.fromEntries(
    ['gateway', 'cart', 'order', 'payment', 'inventory', 'ops'].map((owner) => [owner, owner + suffix]),
  )
const secrets = {
  keyFiles: byOwner('.jwk.json'),
  jwksFile: secret('jwks.json'),
  operatorSecretFile: secret('operator.secret'),
  pspSecretFile: secret('psp.secret'),
  databasePasswords: byOwner('-hidden'),
  databasePasswordFiles: byOwner('.secret'),
  eventKeyFiles: byOwner('.event.jwk.json'),
  eventKeysFile: secret('event-keys.json'),
  cardKeyFile: secret('card-key.json'),
  cardPrivateKeyFile: secret('card.jwk.json'),
  consulTokenFiles: byOwner('.consul.secret'),
  kafkaPasswordFiles: byOwner('.kafka.secret'),
} as Secrets
const context = {
  root: '/lepton',
  inherited: { PATH: '/bin' },
  servers: {
    postgres: 'postgres://lepton_admin:admin-hidden@127.0.0.1:5433/postgres',
    kafka: 'k:9092',
    consul: 'http://c:8500',
  },
  secrets,
  kafka: { brokers: ['k:9092'] },
  isConsulGiven: false,
  gatewayPort: 8080,
  meshTls: 'consul' as const,
  pspPort: 8090,
  opsSocket: '/state/ops.sock',
  stateDirOf: (instance: string) => `/state/${instance}`,
  settings: {},
}

it('puts no password into an environment, but the file that has it', () => {
  for (const service of SERVICES) {
    const env = environmentOf({ service, instance: `${service}-1`, port: 0 }, context)
    expect(JSON.stringify(env)).not.toContain('hidden')
  }
  expect(environmentOf({ service: 'order', instance: 'order-1', port: 0 }, context)).toMatchObject({
    DATABASE_URL: 'postgres://lepton_order@127.0.0.1:5433/lepton_order',
    DATABASE_PASSWORD_FILE: 'order.secret',
  })
})

it('has services talk by TLS, unless a setting of the start says otherwise', () => {
  const tlsOf = (all: Record<string, string>) =>
    environmentOf({ service: 'order', instance: 'order-1', port: 0 }, { ...context, settings: { all } })[
      'MESH_TLS'
    ]

  expect([tlsOf({}), tlsOf({ MESH_TLS: 'off' })]).toEqual(['consul', 'off'])
})
