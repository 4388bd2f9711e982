import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { describe, expect, it } from '@jest/globals'
import { type Edit, mutate, MUTANT_EDITS } from './edits.ts'
import { PROTECTION_EDITS } from './protections.ts'

const ROOT = new URL('../../../../', import.meta.url)
const ALL = Object.entries<readonly Edit[]>({ ...MUTANT_EDITS, ...PROTECTION_EDITS })

function prefixed(sign: string, text: string): string {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.map((line) => (line === '' ? '' : `${sign} ${line}\n`)).join('')
}

describe('a mutant', () => {
  it.each(ALL)('without the %s fits the shop', (_pattern, edits) => {
    for (const [file, ofFile] of Map.groupBy(edits, ({ file }) => file)) {
      const source = readFileSync(new URL(file, ROOT), 'utf8')
      const mutated = mutate(source, ofFile)

      expect(mutated).not.toBe(source)
      expect(() => stripTypeScriptTypes(mutated)).not.toThrow()
    }
  })

  it.each(ALL)('without the %s is shown in docs/patterns.md', (_pattern, edits) => {
    const page = readFileSync(new URL('docs/patterns.md', ROOT), 'utf8')

    for (const { file, find, replace } of edits) {
      expect(page).toContain(`\n+++ ${file}\n`)
      expect(page).toContain(`${prefixed('-', find)}${prefixed('+', replace)}`)
    }
  })

  it('whose line is gone, or is there twice, is an error', () => {
    const edit = { file: 'x.ts', find: 'a', replace: 'b' }
    expect(() => mutate('c', [edit])).toThrow('x.ts has 0 times: a')
    expect(() => mutate('a a', [edit])).toThrow('x.ts has 2 times: a')
  })
})
