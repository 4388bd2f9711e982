import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { ALL_SERVICES } from '@lepton/contracts/services'

const file = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8')

it.each(ALL_SERVICES)('runs %s with its own volume of secrets', (service) => {
  const [, entry = ''] = file.split(new RegExp(`^  ${service}:`, 'm'))
  const [own] = entry.split(/^ {2}\w/m)

  expect(own).toContain(`command: node services/${service}/src/main.ts`)
  expect(own).toContain(`secrets-${service}:/secrets:ro`)
  expect(file).toContain(`- secrets-${service}:/shares/${service}\n`)
})
