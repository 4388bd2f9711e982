-- One row per order: the fold of its events, and the lock that every decision about it takes.
create table order_stream (
  order_id uuid primary key,
  customer_id uuid not null,
  version int not null,
  pub_seq int not null,
  mode text not null,
  decision text not null check (decision in ('OPEN', 'CONFIRMED', 'CANCELLED')),
  reason text,
  stock text not null,
  pay text not null,
  status text not null,
  lines jsonb not null,
  amount_minor bigint not null,
  currency char(3) not null,
  waits_for_customer boolean not null,
  deadline timestamptz not null,
  asked_at timestamptz,
  asks int not null default 0,
  last_inv_seq int not null default 0,
  last_pay_seq int not null default 0,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index order_stream_deadline on order_stream (deadline) where decision = 'OPEN';
create index order_stream_unsettled on order_stream (updated_at)
  where status not in ('COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED');
create index order_stream_customer on order_stream (customer_id, created_at, order_id);
create index order_stream_created_at on order_stream (created_at);

-- The event store. The primary key is the compare-and-set: two decisions cannot both be version n.
create table order_events (
  order_id uuid not null,
  version int not null,
  type text not null,
  data jsonb not null,
  cause_id uuid,
  at timestamptz not null,
  primary key (order_id, version)
);

-- What the state table calls impossible. Each row wants a person.
create table order_anomalies (
  id bigserial primary key,
  order_id uuid not null,
  input text not null,
  decision text not null,
  event_id uuid,
  at timestamptz not null default now()
);
