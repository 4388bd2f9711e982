import type { Pattern } from '@lepton/contracts/patterns'
import type { Protection } from './protections.ts'

/** Runs a process without a pattern or a protection: goes into NODE_OPTIONS and the environment. */
export function withoutPattern(mutant: Pattern | Protection): {
  importOption: string
  LEPTON_MUTANT: Pattern | Protection
} {
  const preload = new URL('preload.ts', import.meta.url).href
  return { importOption: `--import=${preload}`, LEPTON_MUTANT: mutant }
}
