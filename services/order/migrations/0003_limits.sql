-- What one customer has open, and what is in progress: both are counted before an order is taken.
create index order_stream_open on order_stream (customer_id)
  where status not in ('COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED');
create index order_stream_in_progress on order_stream (customer_id)
  where status not in ('COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED') and not waits_for_customer;

-- The trace of the request that placed the order, for what timers do about it later.
alter table order_stream add column traceparent text;
