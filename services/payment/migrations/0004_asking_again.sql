-- After a definite refusal the processor is asked with a new key; `generation` counts them. `last_error` is what an
-- operator sees of a task that does not settle. `customer_id` shares the places in which tasks are carried out.
alter table psp_task
  add column generation int not null default 0,
  add column last_error text,
  add column customer_id uuid;
update psp_task t set customer_id = p.customer_id
  from payment p where p.order_id = t.order_id and t.outcome is null;
create index psp_task_customer on psp_task (customer_id, next_at) where outcome is null;
create index psp_task_in_flight on psp_task (customer_id) where outcome is null and lease_until is not null;

-- Who moved the money: the shop, a person at the card processor, or an operator who settled a payment by hand.
alter table payment_ledger
  add column origin text not null default 'SHOP' check (origin in ('SHOP', 'ELSEWHERE', 'OPERATOR'));
alter table payment add column note text;
