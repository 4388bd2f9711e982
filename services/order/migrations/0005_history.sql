-- A fact is never changed and never taken away: history that can be rewritten proves nothing. Fires in replicas, too.
create function refuse_rewriting() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete on order_events for each row execute function refuse_rewriting();
create trigger append_only_as_a_whole before truncate on order_events execute function refuse_rewriting();
alter table order_events enable always trigger append_only;
alter table order_events enable always trigger append_only_as_a_whole;

-- Each time the orders' rows were made again from their streams. Two digests over all rows: as they were, as they are.
create table order_rebuilds (
  run_id uuid primary key,
  who text not null,
  reason text not null,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  after_id uuid not null default '00000000-0000-0000-0000-000000000000',
  orders bigint not null default 0,
  facts bigint not null default 0,
  differed bigint not null default 0,
  missing bigint not null default 0,
  removed bigint not null default 0,
  unreadable bigint not null default 0,
  digest_before text not null default '',
  digest_after text not null default ''
);
create unique index order_rebuilds_one_at_once on order_rebuilds ((true)) where finished_at is null;
