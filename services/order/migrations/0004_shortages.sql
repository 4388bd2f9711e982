-- Which lines were sold out, and by how much: what the customer is shown of a rejected order.
alter table order_stream add column shortages jsonb;
