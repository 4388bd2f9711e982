-- One row per order, never deleted: also for an order that was cancelled before its payment began.
create table payment (
  order_id uuid primary key,
  customer_id uuid,
  state text not null default 'NONE',
  amount_minor bigint,
  currency char(3),
  payment_token text,
  has_intent boolean not null default false,
  has_stock boolean not null default false,
  cancelled boolean not null default false,
  charge_id uuid,
  decline_reason text,
  pub_seq int not null default 0,
  last_order_seq int not null default 0,
  last_inv_seq int not null default 0,
  updated_at timestamptz not null default now()
);

-- What is to be asked of the card processor: at most once per order and operation, always with one key.
create table psp_task (
  id bigserial primary key,
  order_id uuid not null references payment,
  op text not null check (op in ('AUTH', 'CAPTURE', 'VOID', 'REFUND')),
  psp_key uuid not null unique,
  attempts int not null default 0,
  next_at timestamptz not null default now(),
  lease_until timestamptz,
  started_at timestamptz,
  ended_at timestamptz,
  outcome text,
  cause_id uuid,
  traceparent text,
  unique (order_id, op)
);
create index psp_task_open on psp_task (next_at) where outcome is null;

create table payment_ledger (
  id bigserial primary key,
  order_id uuid not null references payment,
  kind text not null check (kind in ('AUTH', 'CAPTURE', 'VOID', 'REFUND')),
  amount_minor bigint not null,
  charge_id uuid not null,
  at timestamptz not null default now(),
  constraint payment_ledger_moves_once unique (order_id, kind)
);
