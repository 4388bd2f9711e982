import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'

interface Manifest {
  exports: Record<string, string>
  publishConfig: { exports: Record<string, { types: string; default: string }> }
}

it.each(['common', 'events', 'client', 'contracts'])(
  'what is installed of %s has the same entry points as the sources',
  (library) => {
    const file = new URL(`../../packages/${library}/package.json`, import.meta.url)
    const { exports, publishConfig } = JSON.parse(readFileSync(file, 'utf8')) as Manifest

    const built = Object.entries(exports).map(([entry, source]) => {
      const file = source.replace('./src/', './dist/').replace(/\.ts$/, '')
      return [entry, { types: `${file}.d.ts`, default: `${file}.js` }]
    })
    expect(publishConfig.exports).toEqual(Object.fromEntries(built))
  },
)
