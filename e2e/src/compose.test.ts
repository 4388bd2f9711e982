import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { brokerProperties } from '@lepton/local/kafka-properties'
import { ALL_SERVICES } from '@lepton/contracts/services'

const file = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8')

it.each(ALL_SERVICES)('runs %s with its own volume of secrets', (service) => {
  const [, entry = ''] = file.split(new RegExp(`^  ${service}:`, 'm'))
  const [own] = entry.split(/^ {2}\w/m)

  expect(own).toContain(`command: node services/${service}/src/main.ts`)
  expect(own).toContain(`secrets-${service}:/secrets:ro`)
  expect(file).toContain(`- secrets-${service}:/shares/${service}\n`)
})

it('guards Kafka as the launcher does', () => {
  const passwords = { broker: 'b', setup: 's' }
  const guarded = brokerProperties({ address: ':9092', controllerPort: 9093, doors: [], passwords })
  const [, entry = ''] = file.split(/^ {2}kafka:/m)
  // As the image reads its environment: one underscore is a dot, three are a hyphen.
  const inCompose = [...entry.matchAll(/^ {6}KAFKA_(\w+): (.+)$/gm)].map(([, name = '', value = '']) => {
    const property = name.toLowerCase().replaceAll('___', '-').replaceAll('_', '.')
    return `${property}=${value}`
  })
  const guard = guarded
    .split('\n')
    .filter(
      (line) => /^(authorizer|super|sasl|listener\.(name|security))/.test(line) && !line.includes('.plain.'),
    )

  expect(guard).toHaveLength(8)
  expect(inCompose).toEqual(expect.arrayContaining(guard))
})
