-- Transactions over participants that are no part of an order: what they are asked for is kept as it was at the beginning.
alter table tcc_tx drop constraint tcc_tx_gid_fkey;
alter table tcc_tx add column participants jsonb, add column reason text;

-- Kinds of events that others may record, with the JSON Schema of their data. A kind that is known does not change.
create table event_types (
  event_type text primary key,
  schema jsonb not null,
  who text not null,
  at timestamptz not null default now(),
  -- How many there are: the lock that orders them, and the last version.
  events int not null default 0
);
create trigger append_only before delete or update of event_type, schema, who, at on event_types
  for each row execute function refuse_rewriting();
alter table event_types enable always trigger append_only;

create table recorded_events (
  event_type text not null references event_types,
  version int not null,
  event_id uuid not null unique,
  event_data jsonb not null,
  who text not null,
  at timestamptz not null,
  primary key (event_type, version)
);
create trigger append_only before update or delete on recorded_events for each row execute function refuse_rewriting();
create trigger append_only_as_a_whole before truncate on recorded_events execute function refuse_rewriting();
alter table recorded_events enable always trigger append_only;
alter table recorded_events enable always trigger append_only_as_a_whole;
