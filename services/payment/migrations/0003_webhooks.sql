-- What the card processor has sent: each of its events is acted upon once.
create table webhook_inbox (
  event_id uuid primary key,
  order_id uuid not null,
  type text not null,
  at timestamptz not null default now()
);
create index webhook_inbox_at on webhook_inbox (at);
