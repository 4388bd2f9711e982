/** The tables of one order in the three databases of the shop, without what only Lepton needs. */
export const SCHEMA = `
create table idempotency (owner text, route text, key text, body jsonb, primary key (owner, route, key));
create table orders (id uuid primary key, version int, data jsonb, updated_at timestamptz default now());
create table order_event (id uuid, version int, type text, data jsonb, primary key (id, version));
create table reservation (id uuid primary key, state text);
create table stock (id text primary key, available bigint, held bigint);
create table stock_ledger (n bigserial primary key, id text, order_id uuid, delta bigint);
create table payment (id uuid primary key, state text, version int);
create table task (id uuid, operation text, done bool, primary key (id, operation));
create table payment_ledger (n bigserial primary key, id uuid, kind text, amount_minor bigint);
create table inbox (consumer int, id uuid, primary key (consumer, id));
create table outbox (n bigserial primary key, topic text, key uuid, payload jsonb);
create table pending (n bigint primary key);
insert into stock select 'item-' || i, 1000000000, 0 from generate_series(0, 23) i`

export type Statement = [text: string, values: unknown[]]

const AMOUNT_MINOR = 7_900
const LINES = [{ item_id: 'desk-lamp', quantity: 1, unit_price_minor: AMOUNT_MINOR }]
const itemOf = (id: string) => `item-${Number.parseInt(id.slice(0, 6), 16) % 24}`

export const reply = (id: string): Statement => [
  'insert into idempotency values ($1, $2, $3, $4)',
  ['shopper', '/orders', id, JSON.stringify({ order_id: id, status: 'PLACED' })],
]
export const newOrder = (id: string): Statement => [
  'insert into orders (id, version, data) values ($1, 1, $2)',
  [id, JSON.stringify({ lines: LINES, amount_minor: AMOUNT_MINOR, status: 'PLACED' })],
]
export const lockOrder = (id: string): Statement => ['select * from orders where id = $1 for update', [id]]
export const moveOrder = (id: string, version: number): Statement => [
  `update orders set version = $2, data = jsonb_set(data, '{status}', '"X"'), updated_at = now() where id = $1`,
  [id, version],
]
export const fact = (id: string, version: number, type: string): Statement => [
  'insert into order_event values ($1, $2, $3, $4)',
  [id, version, type, '{"a":1}'],
]
export const once = (consumer: number, event: string): Statement => [
  'insert into inbox values ($1, $2) on conflict do nothing',
  [consumer, event],
]
export const emit = (topic: string, id: string): Statement => [
  `with event as (insert into outbox (topic, key, payload) values ($1, $2, $3) returning n)
   insert into pending select n from event returning n`,
  [topic, id, JSON.stringify({ order_id: id })],
]
export const sent = (numbers: readonly number[]): Statement => [
  'delete from pending where n = any ($1)',
  [numbers],
]
export const reserve = (id: string, state: string): Statement => [
  'insert into reservation values ($1, $2) on conflict (id) do update set state = excluded.state',
  [id, state],
]
export const moveStock = (id: string, units: number): Statement => [
  'update stock set available = available - $2, held = held + $2 where id = $1',
  [itemOf(id), units],
]
export const noteStock = (id: string): Statement => [
  'insert into stock_ledger (id, order_id, delta) values ($1, $2, 1)',
  [itemOf(id), id],
]
export const movePayment = (id: string, state: string): Statement => [
  `insert into payment values ($1, $2, 1)
   on conflict (id) do update set state = excluded.state, version = payment.version + 1`,
  [id, state],
]
/** A record may be read twice, as when a group shares its partitions again: the floor would try it forever. */
export const plan = (id: string, operation: string): Statement => [
  'insert into task values ($1, $2, false) on conflict do nothing',
  [id, operation],
]
export const done = (id: string, operation: string): Statement => [
  'update task set done = true where id = $1 and operation = $2',
  [id, operation],
]
export const book = (id: string, kind: string): Statement => [
  'insert into payment_ledger (id, kind, amount_minor) values ($1, $2, $3)',
  [id, kind, AMOUNT_MINOR],
]

/** An event's record, as large as the shop's are. */
export const record = (id: string, type: string, event: string) => ({
  key: id,
  value: JSON.stringify({ order_id: id, amount_minor: AMOUNT_MINOR, currency: 'EUR', lines: LINES }),
  headers: {
    ce_type: type,
    ce_id: event,
    ce_source: '/floor',
    ce_time: new Date().toISOString(),
    ce_subject: id,
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  },
})
