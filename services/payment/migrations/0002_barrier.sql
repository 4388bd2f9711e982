-- The branch of a two-phase order: what was asked of it, so that nothing is done twice or too late.
-- Kept for 35 days, longer than any request stays in flight: a deleted row would let a late try in.
create table tcc_barrier (
  gid uuid not null,
  branch text not null default 'payment',
  state text not null default 'NONE' check (state in ('NONE', 'TRIED', 'CONFIRMED', 'CANCELLED')),
  cause text,
  at timestamptz not null default now(),
  primary key (gid, branch)
);
create index tcc_barrier_at on tcc_barrier (at);
