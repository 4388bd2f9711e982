-- What one customer has open, and what waits for inventory's answer: both are counted before an order is taken.
create index order_stream_open on order_stream (customer_id)
  where status not in ('COMPLETED', 'CANCELLED', 'REJECTED', 'REFUNDED');
create index order_stream_waiting on order_stream (order_id)
  where (decision = 'OPEN' and stock = 'pending') or (decision = 'CONFIRMED' and stock = 'held');

-- The trace of the request that placed the order, for what timers do about it later.
alter table order_stream add column traceparent text;
