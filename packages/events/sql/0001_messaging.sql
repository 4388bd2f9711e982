-- What every service with events keeps beside its own tables: run before its own migrations.

create sequence outbox_id_seq cache 1;

-- Append-only archive of every event this service published; never updated, dropped by the day.
create table outbox (
  id bigint not null default nextval('outbox_id_seq'),
  created_at timestamptz not null default now(),
  event_id uuid not null,
  topic text not null,
  key text not null,
  pub_seq int not null,
  type text not null,
  schema_version smallint not null,
  payload jsonb not null,
  -- Those that the columns above do not tell.
  headers jsonb not null,
  primary key (created_at, id)
) partition by range (created_at);
create index outbox_key on outbox (key, id);

-- What the relay has still to send. Rows live milliseconds, so the table stays in a few pages.
create table outbox_pending (
  shard smallint not null,
  id bigint not null,
  created_at timestamptz not null,
  primary key (shard, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

create table relay_lease (
  shard smallint primary key,
  owner uuid,
  until timestamptz not null default now(),
  floor bigint not null default 0
);
insert into relay_lease (shard) select generate_series(0, 15);

create table relay_member (
  id uuid primary key,
  until timestamptz not null
);

-- Every event a consumer has applied. An id is a UUIDv7, so its first bits are its time.
create table inbox (
  consumer smallint not null,
  event_id uuid not null,
  src text not null,
  at timestamptz not null default now(),
  sent_at timestamptz,
  primary key (event_id, consumer)
) partition by range (event_id);

create table dead_letter (
  id bigserial primary key,
  consumer smallint not null,
  key text not null,
  pub_seq int,
  event_id uuid,
  topic text not null,
  topic_id text not null,
  part int not null,
  off bigint not null,
  headers jsonb not null,
  payload bytea,
  status text not null check (status in ('DEAD', 'BLOCKED', 'REPLAYED', 'DISCARDED')),
  error_class text,
  error_message text,
  attempts int not null default 0,
  first_failed_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (consumer, topic_id, part, off)
);
create index dead_letter_open on dead_letter (consumer, key, pub_seq) where status in ('DEAD', 'BLOCKED');

create table idempotency (
  owner text not null,
  route text not null,
  key text not null,
  fingerprint bytea not null,
  status int not null,
  body jsonb not null,
  headers jsonb not null,
  created_at timestamptz not null default now(),
  primary key (owner, route, key)
);
create index idempotency_created_at on idempotency (created_at);

create table ops_audit (
  id bigserial primary key,
  at timestamptz not null default now(),
  who text not null,
  action text not null,
  target text not null,
  reason text,
  result text
);
