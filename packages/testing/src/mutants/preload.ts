import { registerHooks } from 'node:module'
import type { Pattern } from '@lepton/contracts/patterns'
import { type Edit, mutate, MUTANT_EDITS } from './edits.ts'

// Loaded into a process before its own code: takes the pattern that LEPTON_MUTANT names out of the files it loads.
const ROOT = new URL('../../../../', import.meta.url)
const pattern = process.env.LEPTON_MUTANT as Pattern
const edits: readonly Edit[] = MUTANT_EDITS[pattern]
const byUrl = Map.groupBy(edits, ({ file }) => new URL(file, ROOT).href)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const ofFile = byUrl.get(url)
    if (ofFile === undefined) return loaded
    return { ...loaded, source: mutate(Buffer.from(loaded.source as Uint8Array).toString(), ofFile) }
  },
})
