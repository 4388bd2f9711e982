import { z } from 'zod'
import type { Outbox } from '@lepton/events/outbox'
import { type Cause, type EventType, isEvent } from '@lepton/events/event'
import { type Subscription, subscription } from '@lepton/events/subscription'
import type { Database } from '@lepton/events/postgres/database'
import { saveRows } from '@lepton/events/postgres/rows'
import type { Tx } from '@lepton/events/postgres/transaction'

export const TALLY = { name: 'tally.v1', number: 1 }

function eventType<T>(type: string, data: z.ZodType<T>): EventType<T> {
  return { type, topic: TALLY.name, data }
}

/** The smallest aggregate there is: a sum per key, with the numbers in the order they came. */
export const Added = eventType('tally.added.v1', z.object({ number: z.int() }))
/** A snapshot: what the sum is. */
export const Stated = eventType('tally.stated.v1', z.object({ total: z.int() }))

export interface Tally {
  key: string
  total: number
  seen: number[]
  last_seq: number
}

export function tallies(onApply: (number: number, key: string) => void = () => undefined): Subscription {
  return subscription<Map<string, Tally>>({
    topic: TALLY,
    events: [Added, Stated],
    snapshots: [Stated],
    load: async (tx, events) => {
      const keys = [...new Set(events.map(({ key }) => key))].sort()
      tx.write('insert into tally (key) select unnest($1::text[]) on conflict do nothing', [keys])
      const { rows } = await tx.query<Tally>(
        'select key, total, seen, last_seq from tally where key = any($1) order by key for update',
        [keys],
      )
      return new Map(rows.map((row) => [row.key, row]))
    },
    position: (state, key) => state.get(key)!.last_seq,
    advance: (state, key, last_seq) => void state.set(key, { ...state.get(key)!, last_seq }),
    apply: (state, event) => {
      const tally = state.get(event.key)!
      if (isEvent(event, Stated)) state.set(event.key, { ...tally, total: event.data.total })
      if (!isEvent(event, Added)) return
      const { number } = event.data
      onApply(number, event.key)
      state.set(event.key, { ...tally, total: tally.total + number, seen: [...tally.seen, number] })
    },
    store: (tx, state) => saveRows(tx, 'tally', 'key', [...state.values()]),
  })
}

export async function tallyOf(database: Database, key: string): Promise<Tally | undefined> {
  const { rows } = await database.query<Tally>(
    'select key, total, seen, last_seq from tally where key = $1',
    [key],
  )
  return rows[0]
}

/** Publishes the next number of a key, as a service does: head row first, outbox row in its lock. */
export async function add(tx: Tx, outbox: Outbox, key: string, cause?: Cause): Promise<number> {
  const { rows } = await tx.query<{ pub_seq: number }>(
    `insert into tally (key, pub_seq) values ($1, 1)
     on conflict (key) do update set pub_seq = tally.pub_seq + 1 returning pub_seq`,
    [key],
  )
  const sequence = rows[0]!.pub_seq
  outbox.emit(tx, [{ type: Added, key, sequence, data: { number: sequence }, cause }])
  return sequence
}
