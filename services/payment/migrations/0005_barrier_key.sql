-- Each service is one branch of a transaction: the second half of the key was never set.
alter table tcc_barrier drop constraint tcc_barrier_pkey, add primary key (gid), drop column branch;
