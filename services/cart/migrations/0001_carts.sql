-- A customer has one open cart; a checkout closes it for good, so that two tabs cannot order it twice.
create table cart (
  cart_id uuid primary key,
  customer_id uuid not null,
  state text not null check (state in ('OPEN', 'CHECKED_OUT')),
  version int not null,
  lines jsonb not null,
  updated_at timestamptz not null default now()
);
create unique index cart_one_open on cart (customer_id) where state = 'OPEN';
create index cart_idle on cart (updated_at) where state = 'OPEN';

-- What was accepted with a 202: the order service makes the order from the event of the same transaction.
create table checkout (
  order_id uuid primary key,
  cart_id uuid not null unique references cart,
  customer_id uuid not null,
  mode text not null,
  lines jsonb not null,
  amount_minor bigint not null,
  currency char(3) not null,
  created_at timestamptz not null default now()
);
create index checkout_customer on checkout (customer_id, created_at);
