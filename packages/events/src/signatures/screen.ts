import type { Log } from '@lepton/common/runtime/log'
import type { Metrics } from '@lepton/common/runtime/metrics'
import type { BrokerRecord } from '../broker.ts'
import { consumedCounter } from '../consumed.ts'
import { keepUntrusted, type Untrusted } from '../dead-letters/refused.ts'
import type { Database } from '../postgres/database.ts'
import type { RecordSource, Topic } from '../subscription.ts'
import type { EventVerifier } from './verifier.ts'

export interface ScreenDeps {
  database: Database
  /** Without one, every record is believed. */
  verifier?: EventVerifier | undefined
  log: Log
  metrics: Metrics
}

/** Gives back the records that the owner of their topic has published; the others are kept as REFUSED first. */
export type Screen = (
  topic: Topic,
  source: RecordSource,
  records: readonly BrokerRecord[],
) => Promise<readonly BrokerRecord[]>

export function createScreen(
  { database, verifier, log, metrics }: ScreenDeps,
  topics: readonly Topic[],
): Screen {
  if (verifier === undefined) return (_topic, _source, records) => Promise.resolve(records)
  const consumed = consumedCounter(metrics)
  // From zero on: a rate begins with the first of them.
  for (const { name: topic } of topics) consumed.inc({ topic, outcome: 'refused' }, 0)

  return async (topic, source, records) => {
    const trusted: BrokerRecord[] = []
    const untrusted: Untrusted[] = []
    for (const record of records) {
      const why = verifier.distrust(topic.name, record)
      if (why === undefined) trusted.push(record)
      else untrusted.push({ record, why })
    }
    const [first] = untrusted
    if (first === undefined) return trusted
    await keepUntrusted(database, topic, source, untrusted)
    consumed.inc({ topic: topic.name, outcome: 'refused' }, untrusted.length)
    log.error(
      { topic: topic.name, offset: first.record.offset, records: untrusted.length, why: first.why },
      'records are not from the owner of their topic',
    )
    return trusted
  }
}
