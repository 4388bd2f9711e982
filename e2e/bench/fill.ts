import type { Shop } from '@lepton/local/shop-types'
import { askDatabase } from '../chaos/collect/ask-database.ts'

/** So many at once: a statement of which one sees the progress, and that ends before its time-out. */
const STEP = 50_000
/** Customers that the orders are spread over, one after the other. */
const CUSTOMERS = 100_000
/** Of so many orders one is the wholesaler's: the customer with the longest list. */
const WHOLESALE_EVERY = 20

/** What an order leaves in each database; an identity that has to be one of a kind is made from the copy's number. */
const TABLES = {
  order: { order_events: {}, order_stream: { ...at('created_at', 'updated_at'), ...customer() } },
  inventory: {
    reservation: at('updated_at'),
    reservation_item: {},
    stock_ledger: { id: `nextval('stock_ledger_id_seq')`, ...at('at') },
  },
  payment: {
    payment: { ...at('updated_at'), ...customer(), charge_id: uuid(`'charge' || copy.n`) },
    psp_task: { id: `nextval('psp_task_id_seq')`, psp_key: uuid('row.op || copy.n') },
    payment_ledger: {
      id: `nextval('payment_ledger_id_seq')`,
      charge_id: uuid(`'charge' || copy.n`),
      ...at('at'),
    },
  },
} as const satisfies Record<string, Record<string, Record<string, string>>>

/** A UUID of version 4, always the same of the same text. */
function uuid(text: string): string {
  return `overlay(overlay(md5(${text}) placing '4' from 13) placing '8' from 17)::uuid`
}

function customer(): Record<string, string> {
  const spread = uuid(`'customer' || copy.n % ${CUSTOMERS}`)
  return { customer_id: `case when copy.n % ${WHOLESALE_EVERY} = 0 then $2::uuid else ${spread} end` }
}

/** A year's orders, the first the oldest. */
function at(...columns: string[]): Record<string, string> {
  return Object.fromEntries(
    columns.map((column) => [column, `now() - interval '1 year' * (1 - copy.n::float8 / $3)`]),
  )
}

/** Gives every database of the shop the rows of `count` orders, each like a real one but for its id, its customer and its time. */
export async function fillOrders(
  shop: Shop,
  { like, wholesaler, count }: { like: string; wholesaler: string; count: number },
  onProgress: (done: number) => void,
): Promise<void> {
  for (let from = 0; from < count; from += STEP) {
    const to = Math.min(count, from + STEP)
    for (const [owner, tables] of Object.entries(TABLES)) {
      await askDatabase(shop.adminUrl(owner as keyof typeof TABLES), async (ask) => {
        for (const [table, changes] of Object.entries(tables)) {
          const changed = Object.entries({ order_id: uuid(`'order' || copy.n`), ...changes })
            .map(([column, value]) => `'${column}', ${value}`)
            .join(', ')
          await ask(
            `insert into ${table}
             select (jsonb_populate_record(row, jsonb_build_object(${changed}))).*
             from ${table} row, generate_series(${from + 1}, ${to}) as copy(n)
             where row.order_id = $1::uuid and ($2::uuid, $3::float8) is not null`,
            [like, wholesaler, count],
          )
        }
      })
    }
    onProgress(to)
  }
}

/** Gives the catalogue `count` products more, each with stock and its receipt, in as many categories as it has. */
export async function fillProducts(shop: Shop, count: number): Promise<void> {
  await askDatabase(shop.adminUrl('inventory'), async (ask) => {
    await ask(
      `insert into products
       select 'copy-' || n, 'Copy ' || n, description, category, price_minor, currency
       from (select *, row_number() over (order by product_id) - 1 as place, count(*) over () as size from products) as own,
         generate_series(1, $1::int) n
       where n % size = place`,
      [count],
    )
    await ask(
      `with copies as (select product_id from products where product_id like 'copy-%'),
       stocked as (insert into stock select product_id, 1000, 0, 0, 1000 from copies)
       insert into stock_ledger (product_id, receipt_id, kind, d_available, d_held, d_committed, d_received)
       select product_id, 'copy', 'RECEIVE', 1000, 0, 0, 1000 from copies`,
    )
  })
}
