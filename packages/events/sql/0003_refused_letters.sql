-- Records that nobody vouches for: kept for operators, and never applied.
alter table dead_letter drop constraint dead_letter_status_check;
alter table dead_letter add constraint dead_letter_status_check
  check (status in ('DEAD', 'BLOCKED', 'REPLAYED', 'DISCARDED', 'REFUSED'));
create index dead_letter_refused on dead_letter (consumer) where status = 'REFUSED';
