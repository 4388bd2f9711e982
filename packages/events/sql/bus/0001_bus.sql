-- How many events of a key were published.
create table bus_stream (
  topic text not null,
  key text not null,
  pub_seq int not null,
  primary key (topic, key)
);

-- How many events of a key were handled.
create table bus_position (
  topic_no smallint not null,
  key text not null,
  last_seq int not null default 0,
  primary key (topic_no, key)
);
