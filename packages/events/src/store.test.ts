import { expect, it } from '@jest/globals'
import { storeSettings } from './settings.ts'
import { databaseSettings } from './store.ts'

it('gives each service its own database where several share a setting', () => {
  const settings = storeSettings.parse({
    DATABASE_URL: 'postgres://lepton_{service}@postgres/lepton_{service}',
    KAFKA_BROKERS: 'kafka:9092',
  })

  expect(databaseSettings('order', settings).url).toBe('postgres://lepton_order@postgres/lepton_order')
})
