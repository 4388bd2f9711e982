import { expect, it } from '@jest/globals'
import { consulRules } from './consul-rights.ts'
import { KEY_OWNERS } from './services.ts'

it.each(KEY_OWNERS)('lets %s write its own entry, and no other service of the shop', (user) => {
  const { service = {}, service_prefix = {} } = consulRules(user)
  const mayWrite = KEY_OWNERS.filter((name) => (service[name] ?? service_prefix[''])?.policy === 'write')

  expect(mayWrite).toEqual([user])
})

it('lets only ops and the operator change settings', () => {
  const writes = [...KEY_OWNERS, 'operator' as const].filter((user) =>
    Object.values(consulRules(user).key_prefix ?? {}).some(({ policy }) => policy === 'write'),
  )
  expect(writes).toEqual(['ops', 'operator'])
})

it('lets ops register what is no service of the shop', () => {
  expect(consulRules('ops').service_prefix?.['']?.policy).toBe('write')
})
