create table products (
  product_id text primary key,
  name text not null,
  description text not null,
  category text not null,
  price_minor int not null check (price_minor >= 0),
  currency char(3) not null
);
create index products_category on products (category, product_id);

-- Units of a product: every one that was received is available, held for an order or committed to one.
create table stock (
  product_id text primary key references products,
  available int not null check (available >= 0),
  held int not null check (held >= 0),
  committed int not null check (committed >= 0),
  received int not null,
  check (available + held + committed = received)
) with (fillfactor = 50);

-- One row per order, never deleted: also for an order that was cancelled before its stock was asked for.
create table reservation (
  order_id uuid primary key,
  state text not null default 'NONE' check (state in ('NONE', 'HELD', 'REJECTED', 'RELEASED', 'COMMITTED', 'RESTOCKED')),
  hold_until timestamptz,
  pub_seq int not null default 0,
  last_order_seq int not null default 0,
  updated_at timestamptz not null default now()
);
create index reservation_overdue on reservation (hold_until) where state = 'HELD';

create table reservation_item (
  order_id uuid not null,
  product_id text not null,
  quantity int not null check (quantity > 0),
  primary key (order_id, product_id)
);

create table stock_ledger (
  id bigserial primary key,
  product_id text not null references products,
  order_id uuid,
  receipt_id text,
  kind text not null check (kind in ('RECEIVE', 'RESERVE', 'RELEASE', 'COMMIT', 'RESTOCK')),
  d_available int not null,
  d_held int not null,
  d_committed int not null,
  d_received int not null,
  at timestamptz not null default now(),
  check ((order_id is null) = (kind = 'RECEIVE')),
  check ((receipt_id is null) = (kind <> 'RECEIVE')),
  constraint stock_ledger_moves_once unique (order_id, product_id, kind),
  constraint stock_ledger_receives_once unique (product_id, receipt_id)
);
create index stock_ledger_product on stock_ledger (product_id, id);
