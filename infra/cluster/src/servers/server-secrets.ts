import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { clusterId } from '@lepton/local/kafka'
import { once, randomSecret } from '@lepton/setup/files'
import { KAFKA_USERS } from '@lepton/setup/kafka-rights'

/** Of the servers themselves, and what the shop is to show them. */
export interface ServerSecrets {
  postgres: string
  kafkaClusterId: string
  kafkaBroker: string
  /** Of the set-up and of every service: each is itself, and all have one password, as `npm start` takes it. */
  kafka: string
  kafkaFile: string
  consulToken: string
  consulTokenFile: string
}

/** Makes what is missing of them in a folder of their own. */
export function createServerSecrets(dir: string): ServerSecrets {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const file = (name: string) => join(dir, `${name}.secret`)
  return {
    postgres: once(file('postgres'), randomSecret),
    kafkaClusterId: once(file('kafka-cluster'), clusterId),
    kafkaBroker: once(file('kafka-broker'), randomSecret),
    kafka: once(file('kafka'), randomSecret),
    kafkaFile: file('kafka'),
    consulToken: once(file('consul'), randomUUID),
    consulTokenFile: file('consul'),
  }
}

/** By name; the set-up is one of them. */
export function kafkaPasswords({ kafka }: ServerSecrets) {
  return Object.fromEntries(['setup' as const, ...KAFKA_USERS].map((user) => [user, kafka])) as Record<
    'setup' | (typeof KAFKA_USERS)[number],
    string
  >
}
