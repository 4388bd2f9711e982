import type { DatabaseOwner } from '@lepton/setup/services'
import { DATABASE_OWNERS } from '@lepton/setup/services'
import type { Facts, Unfinished } from '../invariants/facts.ts'
import { askDatabase, type Question } from './ask-database.ts'
import { POISON_HEADER } from './topics.ts'

type DatabaseFacts = Omit<
  Facts,
  | 'history'
  | 'charges'
  | 'movements'
  | 'log'
  | 'windows'
  | 'repeatedBookings'
  | 'stockSamples'
  | 'quietAfterMs'
>
type UrlOf = (owner: DatabaseOwner) => string

const instant = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`

/** What the shop's databases hold, each table read once. */
export async function readDatabases(urlOf: UrlOf): Promise<DatabaseFacts> {
  const [order, inventory, payment, cart] = await Promise.all([
    askDatabase(urlOf('order'), readOrder),
    askDatabase(urlOf('inventory'), readInventory),
    askDatabase(urlOf('payment'), readPayment),
    askDatabase(urlOf('cart'), async (ask) => ({
      checkouts: await ask<Facts['checkouts'][number]>('select order_id, customer_id from checkout'),
    })),
  ])
  return {
    ...order,
    ...inventory,
    ...payment,
    ...cart,
    ...(await readMessaging(urlOf)),
    unfinished: await countUnfinished(urlOf),
  }
}

/** What each service sent, took in and buried. */
export async function readMessaging(
  urlOf: UrlOf,
): Promise<Pick<Facts, 'archives' | 'inboxes' | 'deadLetters'>> {
  const tables = Object.fromEntries(
    await Promise.all(
      DATABASE_OWNERS.map(async (owner) => [owner, await askDatabase(urlOf(owner), readTables)] as const),
    ),
  ) as Record<DatabaseOwner, Awaited<ReturnType<typeof readTables>>>
  const of = <K extends keyof (typeof tables)['cart']>(field: K) =>
    Object.fromEntries(DATABASE_OWNERS.map((owner) => [owner, tables[owner][field]])) as Record<
      DatabaseOwner,
      (typeof tables)['cart'][K]
    >
  return { archives: of('archive'), inboxes: of('inbox'), deadLetters: of('deadLetters') }
}

async function readOrder(ask: Question) {
  return {
    orders: await ask<Facts['orders'][number]>(
      `select order_id, customer_id, version, pub_seq, mode, decision, reason, stock, pay, status, lines, amount_minor,
         last_inv_seq, last_pay_seq from order_stream`,
    ),
    orderFacts: await ask<Facts['orderFacts'][number]>(
      `select order_id, version, type, data from order_events where type <> 'order.placed.v1'
       union all select order_id, version, type, '{}' from order_events where type = 'order.placed.v1'`,
    ),
    anomalies: await ask<Facts['anomalies'][number]>('select order_id, input, decision from order_anomalies'),
    twoPhase: (await hasTable(ask, 'tcc_tx'))
      ? await ask<Facts['twoPhase'][number]>('select gid, state from tcc_tx')
      : [],
  }
}

async function readInventory(ask: Question) {
  return {
    reservations: await ask<Facts['reservations'][number]>(
      'select order_id, state, pub_seq, last_order_seq from reservation',
    ),
    reservationItems: await ask<Facts['reservationItems'][number]>(
      'select order_id, product_id, quantity from reservation_item',
    ),
    stock: await ask<Facts['stock'][number]>(
      'select product_id, available, held, committed, received from stock',
    ),
    stockLedger: await ask<Facts['stockLedger'][number]>(
      `select product_id, order_id, receipt_id, kind, d_available, d_held, d_committed, d_received
       from stock_ledger`,
    ),
  }
}

async function readPayment(ask: Question) {
  return {
    payments: await ask<Facts['payments'][number]>(
      'select order_id, state, amount_minor, charge_id, pub_seq, last_order_seq, last_inv_seq from payment',
    ),
    paymentLedger: await ask<Facts['paymentLedger'][number]>(
      'select order_id, kind, amount_minor, charge_id from payment_ledger',
    ),
  }
}

async function readTables(ask: Question) {
  return {
    archive: await ask<Facts['archives']['cart'][number]>(
      `select event_id, topic, key, pub_seq, type, ${instant('created_at')} as created_ms from outbox`,
    ),
    inbox: await ask<Facts['inboxes']['cart'][number]>(
      `select consumer, event_id, ${instant('at')} as at_ms, ${instant('sent_at')} as sent_ms from inbox`,
    ),
    deadLetters: await ask<Facts['deadLetters']['cart'][number]>(
      `select consumer, event_id, headers ? '${POISON_HEADER}' as is_poison, key, topic, part, off, status, error_message
       from dead_letter`,
    ),
  }
}

const UNFINISHED: Partial<Record<DatabaseOwner, readonly (readonly [what: string, sql: string])[]>> = {
  order: [
    [
      'orders',
      `select count(*) as count from order_stream where status not in ('COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED')`,
    ],
  ],
  payment: [['card processor tasks', 'select count(*) as count from psp_task where outcome is null']],
  inventory: [['reservations', `select count(*) as count from reservation where state = 'HELD'`]],
}

const UNFINISHED_EVERYWHERE = [
  ['events to be sent', 'select count(*) as count from outbox_pending'],
  ['dead letters', `select count(*) as count from dead_letter where status in ('DEAD', 'BLOCKED')`],
] as const

/** What the services still have to do, as they know it. */
export async function countUnfinished(urlOf: UrlOf): Promise<Unfinished[]> {
  const counts = DATABASE_OWNERS.map((owner) =>
    askDatabase(urlOf(owner), async (ask) => {
      const found: Unfinished[] = []
      const questions: [string, string][] = [...(UNFINISHED[owner] ?? []), ...UNFINISHED_EVERYWHERE].map(
        ([what, sql]) => [what, sql],
      )
      if (owner === 'order' && (await hasTable(ask, 'tcc_tx'))) {
        questions.push([
          'two-phase transactions',
          `select count(*) as count from tcc_tx where state not in ('CONFIRMED', 'CANCELLED')`,
        ])
      }
      for (const [what, sql] of questions) {
        const [row] = await ask<{ count: number }>(sql)
        found.push({ owner, what, count: row!.count })
      }
      return found
    }),
  )
  return (await Promise.all(counts)).flat()
}

async function hasTable(ask: Question, name: string): Promise<boolean> {
  const [row] = await ask<{ there: boolean }>('select to_regclass($1) is not null as there', [name])
  return row!.there
}
