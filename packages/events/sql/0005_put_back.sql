-- Put back to be sent again: that it was on the log once says nothing of the log that is there now.
alter table outbox_pending add column is_again boolean not null default false;
