import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Topic, TOPICS } from '@lepton/contracts/topics'
import type { OutgoingRecord } from '@lepton/events/broker'
import { createEventSigner } from '@lepton/events/signatures/signer'

/** Signs records as the relays of their topics' owners would, with the keys of a shop below `stateDir`. */
export function signAsOwners(stateDir: string, records: readonly OutgoingRecord[]): OutgoingRecord[] {
  const ofTopics = Map.groupBy(records, ({ topic }) => topic as Topic)
  return [...ofTopics].flatMap(([topic, ofTopic]) => {
    const file = join(stateDir, 'secrets', `${TOPICS[topic].owner}.event.jwk.json`)
    return createEventSigner(readFileSync(file, 'utf8')).sign(ofTopic)
  })
}
