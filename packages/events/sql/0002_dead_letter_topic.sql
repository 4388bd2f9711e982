-- Position of a letter among those of its key that were published to the dead-letter topic.
alter table dead_letter add column dlq_seq int;
create index dead_letter_failed_at on dead_letter (first_failed_at, id);
