-- The role that runs a service may not change its schema. Partitions come and go while it runs: it may make and drop
-- these two tables' own, by these functions, which do it as the schema's owner.
create function make_partition(parent text, name text, from_bound text, to_bound text) returns void
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if name !~ '^(outbox|inbox)_[0-9]{8}$' or parent <> split_part(name, '_', 1) then
    raise exception '% is no partition of %', name, parent using errcode = 'insufficient_privilege';
  end if;
  execute format('create table public.%I (like public.%I including all)', name, parent);
  execute format('alter table public.%I attach partition public.%I for values from (%L) to (%L)',
    parent, name, from_bound, to_bound);
end $$;

create function drop_partition(name text) returns void
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if name !~ '^(outbox|inbox)_[0-9]{8}$' or to_date(split_part(name, '_', 2), 'YYYYMMDD') > now() - interval '14 days' then
    raise exception '% is no partition that may be dropped', name using errcode = 'insufficient_privilege';
  end if;
  execute format('drop table public.%I', name);
end $$;

revoke all on function make_partition(text, text, text, text), drop_partition(text) from public;
