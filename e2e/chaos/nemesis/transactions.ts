import { DATABASE_OWNERS, type DatabaseOwner } from '@lepton/setup/services'
import { until } from '@lepton/testing/until'
import pg from 'pg'
import { askDatabase } from '../collect/ask-database.ts'
import type { Random } from '../random.ts'
import type { Fault, FaultSource } from './fault.ts'
import type { ChaosShop } from '../chaos-shop.ts'

const CONNECT_TIMEOUT_MS = 5_000
const ROLLBACK_TIMEOUT_MS = 60_000

/** What a transaction of another program holds while it goes on. */
const HOLDS: Partial<Record<DatabaseOwner, readonly string[]>> = {
  inventory: [
    'select * from stock order by available limit 1 for update',
    'select * from reservation order by updated_at desc limit 3 for update',
  ],
  order: [
    `select * from order_stream where decision = 'OPEN' order by random() limit 3 for update`,
    'select * from order_stream order by updated_at desc limit 1 for share',
  ],
  payment: ['select * from payment order by updated_at desc limit 3 for update'],
  cart: [`select * from cart where state = 'OPEN' limit 1 for update`],
}
const HOLDS_EVERYWHERE = [
  // An old snapshot, which holds vacuum back.
  'select count(*) from outbox',
  // Ids that are taken and never seen, below others that are.
  `select pg_current_xact_id(), nextval('outbox_id_seq') from generate_series(1, 50)`,
  'select * from relay_lease limit 4 for update',
  'lock table outbox_pending in share mode',
]

/** A transaction that stays open, idle, as of a client that went away without a word. */
export const holdTransaction: FaultSource = (shop, random) => {
  const owner = random.pick(DATABASE_OWNERS)
  const statement = statementOf(owner, random)
  return random.chance(0.25)
    ? holdPrepared(shop, owner, statement, `chaos-${random.uuid()}`)
    : holdStatement(shop, owner, statement)
}

/** Lets transactions be prepared, which PostgreSQL forbids unless it is started with a setting. */
export async function allowPrepared(shop: ChaosShop): Promise<void> {
  await askDatabase(shop.adminUrl(), (ask) => ask('alter system set max_prepared_transactions = 10'))
  await shop.restartServer('postgres')
}

function statementOf(owner: DatabaseOwner, random: Random): string {
  return random.pick([...(HOLDS[owner] ?? []), ...HOLDS_EVERYWHERE])
}

export function holdStatement(shop: ChaosShop, owner: DatabaseOwner, statement: string): Fault {
  return {
    title: `idle transaction in ${owner}: ${statement}`,
    target: `transaction in ${owner}`,
    begin: async () => {
      const client = new pg.Client({
        connectionString: shop.databaseUrl(owner),
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      })
      // The server may be killed before that; then the transaction is over, too.
      client.on('error', () => undefined)
      await client.connect()
      const close = () => client.end().catch(() => undefined)
      await client
        .query('begin isolation level repeatable read')
        .then(() => client.query(statement))
        .catch(async (error: unknown) => {
          await close()
          throw error
        })
      return close
    },
  }
}

/** A prepared transaction that is never ended: it outlives its connection, and the server. */
function holdPrepared(shop: ChaosShop, owner: DatabaseOwner, statement: string, name: string): Fault {
  return {
    title: `orphan prepared in ${owner}: ${statement}`,
    target: `transaction in ${owner}`,
    begin: async () => {
      await askDatabase(shop.databaseUrl(owner), async (ask) => {
        await ask('begin')
        await ask(statement)
        await ask(`prepare transaction '${name}'`)
      })
      return () =>
        until(
          `${name} to be rolled back`,
          async () => {
            await askDatabase(shop.databaseUrl(owner), (ask) => ask(`rollback prepared '${name}'`))
            return true
          },
          { timeoutMs: ROLLBACK_TIMEOUT_MS, everyMs: 200 },
        ).then(() => undefined)
    },
  }
}
