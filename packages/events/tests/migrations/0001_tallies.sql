-- The aggregate that the tests of this package keep: what was added to a key, and in which order.
create table tally (
  key text primary key,
  total int not null default 0,
  seen int[] not null default '{}',
  last_seq int not null default 0,
  pub_seq int not null default 0
);
