import type { Pattern } from '@lepton/contracts/patterns'

/** Runs a process without a pattern: goes into NODE_OPTIONS and the environment. */
export function withoutPattern(pattern: Pattern): { importOption: string; LEPTON_MUTANT: Pattern } {
  const preload = new URL('preload.ts', import.meta.url).href
  return { importOption: `--import=${preload}`, LEPTON_MUTANT: pattern }
}
