import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { expect, it } from '@jest/globals'
import { ALL_SERVICES } from '@lepton/contracts/services'
import { ROOT } from '@lepton/local/root'

interface Config {
  settings: { shape: object }
}

it('lists every setting of every service in .env.example', async () => {
  const listed = parseEnv(readFileSync(join(ROOT, '.env.example'), 'utf8'))
  const configs = await Promise.all(
    ALL_SERVICES.map(
      (service): Promise<Config> => import(join(ROOT, 'services', service, 'src', 'config.ts')),
    ),
  )
  const settings = configs.flatMap((config) => Object.keys(config.settings.shape))

  expect(settings.filter((name) => !(name in listed))).toEqual([])
})
