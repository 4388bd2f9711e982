-- A catalogue of any size: each way to list it has an index that it is read along.
create index products_name on products (name, product_id);
create index products_price on products (price_minor, product_id);
create index products_category_name on products (category, name, product_id);
create index products_category_price on products (category, price_minor, product_id);
create index products_words on products using gin (to_tsvector('simple', name || ' ' || description));

-- Sessions of services have no bitmap scans (ADR 13), and an index of words is read by nothing else.
create function products_with(words text, most int) returns setof products
language sql stable set enable_bitmapscan = on as $$
  select * from products
  where to_tsvector('simple', name || ' ' || description) @@ to_tsquery('simple', words) limit most
$$;

-- Counted when products come and go, not for each guest who looks at the catalogue.
create table categories (category text primary key, products int not null);
insert into categories select category, count(*) from products group by category;

create function count_products() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    insert into categories select category, -count(*) from gone group by category order by category
      on conflict (category) do update set products = categories.products + excluded.products;
  end if;
  if tg_op <> 'DELETE' then
    insert into categories select category, count(*) from come group by category order by category
      on conflict (category) do update set products = categories.products + excluded.products;
  end if;
  return null;
end $$;
create trigger count_come after insert on products
  referencing new table as come for each statement execute function count_products();
create trigger count_gone after delete on products
  referencing old table as gone for each statement execute function count_products();
create trigger count_changed after update on products
  referencing old table as gone new table as come for each statement execute function count_products();
