-- Whether an event has one of its key before it is read here, and not in the archive, of which a plan opens every partition.
-- Rows of an earlier release have none, and are gone with their events.
alter table outbox_pending add column key text, add column event_id uuid;
