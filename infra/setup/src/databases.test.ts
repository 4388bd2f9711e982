import { expect, it } from '@jest/globals'
import { ownerUrl } from './databases.ts'

it.each(['a%41', 'p@ss/w?rd#:', 'ä 轻', '100%'])(
  'gives the password %s to the driver as it is',
  (password) => {
    const url = new URL(ownerUrl('postgres://admin:x@db:5433/postgres?sslmode=require', 'order', password))

    expect(decodeURIComponent(url.password)).toBe(password)
    expect([url.username, url.host, url.pathname, url.search]).toEqual([
      'lepton_order',
      'db:5433',
      '/lepton_order',
      '?sslmode=require',
    ])
  },
)
