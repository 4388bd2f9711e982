import { join } from 'node:path'
import { PUBLIC, once, writeWhole } from './files.ts'
import { createKey, publicKey, publishedKeys, type PublicKey } from './jwk.ts'
import { DATABASE_OWNERS, type DatabaseOwner, ofEachOwner } from './services.ts'

export interface EventKeys {
  /** What each service signs its events with. */
  eventKeyFiles: Record<DatabaseOwner, string>
  /** The public keys, each with its owner. */
  eventKeysFile: string
}

interface EventKey extends PublicKey {
  owner: string
}

/**
 * Makes what is missing of the keys for events. A public key that was once in the set stays: events that were signed
 * with it may be on the log for a week. To replace a private key, delete its file and run the set-up; to believe a
 * public key no more, take it out of the set.
 */
export function createEventKeys(directory: string): EventKeys {
  const eventKeyFiles = ofEachOwner((owner) => join(directory, `${owner}.event.jwk.json`))
  const eventKeysFile = join(directory, 'event-keys.json')
  const own = DATABASE_OWNERS.map((owner): EventKey => {
    const key = once(eventKeyFiles[owner], () => createKey(owner))
    return { ...publicKey(key), owner }
  })
  const current = new Set(own.map(({ kid }) => kid))
  const older = publishedKeys<EventKey>(eventKeysFile).filter(({ kid }) => !current.has(kid))
  writeWhole(eventKeysFile, JSON.stringify({ keys: [...own, ...older] }, null, 2), PUBLIC)
  return { eventKeyFiles, eventKeysFile }
}
