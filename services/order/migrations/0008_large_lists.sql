-- Few orders end otherwise than COMPLETED: their lists are read along indexes that have no others.
create index order_stream_cancelled on order_stream (created_at, order_id) where status in ('CANCELLED', 'REJECTED');
create index order_stream_refunded on order_stream (created_at, order_id) where status = 'REFUNDED';
create index order_stream_reason on order_stream (reason, created_at, order_id) where reason is not null;
