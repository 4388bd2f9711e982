-- The coordinator's memory of two-phase orders: written with the order, before anybody is asked anything.
-- Its state moves with the order's decision in one transaction: OPEN is TRYING, and nothing else is.
create table tcc_tx (
  gid uuid primary key references order_stream,
  state text not null check (state in ('TRYING', 'CONFIRMING', 'CANCELLING', 'CONFIRMED', 'CANCELLED', 'STOPPED')),
  deadline timestamptz not null,
  attempts int not null default 0,
  next_at timestamptz not null,
  last_error text,
  updated_at timestamptz not null default now()
);
create index tcc_tx_open on tcc_tx (next_at) where state in ('TRYING', 'CONFIRMING', 'CANCELLING');

create table tcc_branch_log (
  gid uuid not null references tcc_tx on delete cascade,
  branch text not null,
  phase text not null check (phase in ('TRY', 'CONFIRM', 'CANCEL')),
  done boolean not null,
  primary key (gid, branch)
);
