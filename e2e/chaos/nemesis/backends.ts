import { askDatabase } from '../collect/ask-database.ts'
import type { FaultSource } from './fault.ts'

/** Ends some connections of the services, as an operator or a failover would. */
export const endBackends: FaultSource = (shop, random) => {
  const count = random.pick([1, 3, 1_000])
  return {
    title: `pg_terminate_backend of ${count === 1_000 ? 'all connections' : String(count)}`,
    target: 'backends',
    begin: async () => {
      await askDatabase(shop.adminUrl(), (ask) =>
        ask(
          `select pg_terminate_backend(pid) from (
             select pid from pg_stat_activity where datname like 'lepton%' and pid <> pg_backend_pid()
             order by random() limit $1) as victims`,
          [count],
        ),
      )
      return undefined
    },
  }
}
