import { registerHooks } from 'node:module'
import type { Pattern } from '@lepton/contracts/patterns'
import { type Edit, mutate, MUTANT_EDITS } from './edits.ts'
import { type Protection, PROTECTION_EDITS } from './protections.ts'

// Loaded into a process before its own code: takes what LEPTON_MUTANT names out of the files it loads.
const ROOT = new URL('../../../../', import.meta.url)
const mutant = process.env.LEPTON_MUTANT as Pattern | Protection
const edits: readonly Edit[] = { ...MUTANT_EDITS, ...PROTECTION_EDITS }[mutant]
const byUrl = Map.groupBy(edits, ({ file }) => new URL(file, ROOT).href)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const ofFile = byUrl.get(url)
    if (ofFile === undefined) return loaded
    return { ...loaded, source: mutate(Buffer.from(loaded.source as Uint8Array).toString(), ofFile) }
  },
})
