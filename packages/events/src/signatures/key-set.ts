import { createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { z } from 'zod'

const KeyFile = z.object({
  keys: z.array(z.looseObject({ kid: z.string().min(1), owner: z.string().min(1) })),
})

export interface EventKey {
  key: KeyObject
  /** The service whose key it is. */
  owner: string
}

export type KeySet = (kid: string) => EventKey | undefined

/**
 * The public keys in a file: a JWK set whose keys also name their owner. Several keys of one owner are valid at once.
 *
 * When a key is asked for that is not known, the file is read again if it has changed. One that cannot be
 * read then changes nothing.
 *
 * @throws Error where the file cannot be read at the start
 */
export function createKeySet(file: string): KeySet {
  let changedAtMs = statSync(file).mtimeMs
  let keys = read(file)

  function readIfChanged(): void {
    try {
      const { mtimeMs } = statSync(file)
      if (mtimeMs === changedAtMs) return
      keys = read(file)
      changedAtMs = mtimeMs
    } catch {
      // It is being replaced, or is gone: what was read stays valid.
    }
  }

  return (kid) => {
    if (!keys.has(kid)) readIfChanged()
    return keys.get(kid)
  }
}

function read(file: string): Map<string, EventKey> {
  const { keys } = KeyFile.parse(JSON.parse(readFileSync(file, 'utf8')))
  return new Map(
    keys.map(({ kid, owner, ...jwk }) => [kid, { owner, key: createPublicKey({ key: jwk, format: 'jwk' }) }]),
  )
}
