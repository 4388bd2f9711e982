import { randomUUID } from 'node:crypto'
import type { ChaosShop } from '../chaos-shop.ts'
import { askDatabase } from '../collect/ask-database.ts'
import type { Random } from '../random.ts'
import type { Goods } from './acts.ts'

const OTHERS = 6
const SHELF = { hot: 60, other: 40 }
const CATALOGUE = 'select product_id from products order by product_id'

/**
 * Makes some products scarce, one of them the one that everybody wants.
 *
 * The catalogue comes with thousands of units, which no run would sell; so they go out of the books as
 * if they had never been received, before anybody shops.
 */
export async function stockShelves(shop: ChaosShop, random: Random, units = SHELF): Promise<Goods> {
  return askDatabase(shop.databaseUrl('inventory'), async (ask) => {
    const products = (await ask<{ product_id: string }>(CATALOGUE)).map(({ product_id }) => product_id)
    const hot = random.pick(products)
    const rest = products.filter((product) => product !== hot)
    const from = random.int(0, rest.length - OTHERS)
    const others = rest.slice(from, from + OTHERS)
    for (const [product, left] of [
      [hot, units.hot] as const,
      ...others.map((one) => [one, units.other] as const),
    ]) {
      await ask(
        `with taken as (
           update stock set available = $2, received = $2 where product_id = $1 and held = 0 and committed = 0
           returning product_id, (select available from stock where product_id = $1) - $2 as less)
         insert into stock_ledger (product_id, receipt_id, kind, d_available, d_held, d_committed, d_received)
         select product_id, $3, 'RECEIVE', -less, 0, 0, -less from taken`,
        [product, left, `chaos-shelf-${randomUUID()}`],
      )
    }
    return { hot, others }
  })
}
