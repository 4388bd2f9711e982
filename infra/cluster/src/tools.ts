import { readConfig } from '@lepton/local/config'
import { findBinaries } from './binaries.ts'
import type { Tools } from './cluster.ts'

/** From the cache; what is missing there is built and fetched. */
export async function findTools(note: (line: string) => void): Promise<Tools> {
  const { cacheDir, path } = readConfig()
  const signal = new AbortController().signal
  return { binaries: await findBinaries({ cacheDir, signal, note }), path }
}
