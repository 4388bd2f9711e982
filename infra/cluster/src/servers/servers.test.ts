import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from '@jest/globals'
import { loadConfig } from '@lepton/common/runtime/config'
import { kafkaAccess, kafkaSettings } from '@lepton/events/kafka/settings'
import { readConfig } from '@lepton/local/config'
import { clusterIn } from '../cluster.ts'
import { createServerSecrets, kafkaPasswords } from './server-secrets.ts'
import { environmentOf } from './servers.ts'

const dir = mkdtempSync(join(tmpdir(), 'lepton-servers-'))
afterAll(() => rmSync(dir, { recursive: true }))

it('prints what the launcher takes for given servers, each service being itself', () => {
  const secrets = createServerSecrets(dir)
  const { machines } = clusterIn(dir)
  const { given } = readConfig(environmentOf({ machines, secrets }))

  expect(given).toMatchObject({
    adminDatabaseUrl: `postgres://postgres:${secrets.postgres}@127.0.0.1:15432/postgres`,
    consulHttpAddr: 'http://127.0.0.1:18500',
    consulTokenFile: secrets.consulTokenFile,
  })
  const settings = loadConfig(kafkaSettings, { KAFKA_BROKERS: given.kafkaBrokers, ...given.kafkaUser })
  expect(kafkaAccess('order', settings)).toEqual({
    brokers: ['10.77.0.11:9092', '10.77.0.12:9092', '10.77.0.13:9092'],
    sasl: { mechanism: 'scram-sha-256', username: 'order', password: kafkaPasswords(secrets).order },
  })
  expect(createServerSecrets(dir)).toEqual(secrets)
})
