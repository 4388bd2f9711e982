-- Counts how often events were put back to be sent again: an acknowledgement from before takes none of them away.
alter table relay_lease add column epoch int not null default 0;
