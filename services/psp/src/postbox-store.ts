import type { DatabaseSync } from 'node:sqlite'
import type { ChargeWebhook } from '@lepton/contracts/psp'

export interface Letter {
  webhook: ChargeWebhook
  /** How often it is sent each time. */
  copies: number
  attempts: number
}

/** What became of a letter: taken, or to be tried again at an instant; never where that is undefined. */
export type Delivery = { event_id: string } & (
  { isTaken: true } | { isTaken: false; nextAtMs: number | undefined }
)

/** Webhooks that wait to be taken, on disk with the movements they tell of. */
export interface Postbox {
  /** Belongs to the caller's transaction. */
  put(webhook: ChargeWebhook, how: { copies: number; afterMs: number }): void
  due(nowMs: number, limit: number): Letter[]
  note(deliveries: readonly Delivery[]): void
}

export function openPostbox(db: DatabaseSync): Postbox {
  db.exec(`
    create table if not exists webhooks (
      event_id text primary key, body text not null, copies integer not null, attempts integer not null default 0,
      next_at integer) strict;
    create index if not exists webhooks_due on webhooks (next_at) where next_at is not null;`)
  const insert = db.prepare('insert into webhooks (event_id, body, copies, next_at) values (?, ?, ?, ?)')
  const due = db.prepare(
    `select body, copies, attempts from webhooks where next_at is not null and next_at <= ?
     order by next_at limit ?`,
  )
  const postpone = db.prepare('update webhooks set attempts = attempts + 1, next_at = ? where event_id = ?')
  const remove = db.prepare('delete from webhooks where event_id = ?')
  return {
    put: (webhook, { copies, afterMs }) =>
      void insert.run(webhook.event_id, JSON.stringify(webhook), copies, Date.now() + afterMs),
    due: (nowMs, limit) =>
      (due.all(nowMs, limit) as { body: string; copies: number; attempts: number }[]).map(
        ({ body, ...rest }) => ({ webhook: JSON.parse(body) as ChargeWebhook, ...rest }),
      ),
    // One write to the disk, however many were delivered.
    note: (deliveries) => {
      db.exec('begin immediate')
      for (const delivery of deliveries) {
        if (delivery.isTaken) remove.run(delivery.event_id)
        else postpone.run(delivery.nextAtMs ?? null, delivery.event_id)
      }
      db.exec('commit')
    },
  }
}
