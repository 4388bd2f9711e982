import { decodeCursor, encodeCursor, isCount } from '@lepton/common/runtime/cursor'
import { listHeld, listStock } from '@lepton/contracts/ops-stock'
import { getOrderStock } from '@lepton/contracts/ops-order-parts'
import { answer, type Endpoint } from '@lepton/common/http/app'
import { newId } from '@lepton/common/runtime/id'
import { idempotently } from '@lepton/events/idempotency'
import { refuse } from '@lepton/shop/refuse'
import { ProductId } from '@lepton/contracts/fields'
import { Product } from '@lepton/contracts/inventory'
import {
  getProduct,
  getStock,
  listCategories,
  listProducts,
  listStockEntries,
  receiveStock,
} from '@lepton/contracts/inventory-routes'
import { auditEndpoints } from './audit.ts'
import type { Deps } from './deps.ts'
import type { Stock } from './domain.ts'
import * as store from './catalogue-store.ts'
import * as products from './product-store.ts'

const MAX_UNITS = 1_000_000_000

export function inventoryRoutes({ database }: Deps): Endpoint[] {
  return [
    ...auditEndpoints(database),
    answer(listProducts, async ({ query }) => {
      const { cursor, ...wanted } = query
      const { sort, limit } = wanted
      const isPlace = (value: string) => PLACES[sort](value)
      const parts = cursor === undefined ? [] : decodeCursor(cursor, [isSort(sort), isPlace, isProductId])
      const after = parts.length === 0 ? undefined : { value: parts[1]!, product_id: parts[2]! }
      const found = await products.listProducts(database, wanted, after)
      const items = found.slice(0, limit)
      const last = items.at(-1)
      const isMore = found.length > limit && last !== undefined
      const next = last && encodeCursor([sort, last[products.SORTS[sort].by], last.product_id])
      return { status: 200, body: { items, next_cursor: isMore ? next : null } }
    }),

    answer(listCategories, async () => ({
      status: 200,
      body: { items: await products.listCategories(database) },
    })),

    answer(getProduct, async ({ params }) => {
      const product = await store.findProduct(database, params.product_id)
      if (product === undefined) throw refuse('not-found', 'There is no such product.')
      return { status: 200, body: product }
    }),

    answer(receiveStock, async ({ body, caller, idempotencyKey: key, path }) => {
      const { product_id, quantity, receipt_id = key ?? newId() } = body
      return idempotently(database, { owner: caller.subject, route: path, key, body }, async (tx) => {
        const stock = await store.lockStockOf(tx, product_id)
        if (stock === undefined) {
          throw refuse('unknown-item', 'There is no such product.', {
            errors: [{ pointer: '/product_id', detail: `${product_id} is not in the catalogue` }],
          })
        }
        const receipt = await store.findReceipt(tx, product_id, receipt_id)
        if (receipt !== undefined && receipt.d_received !== quantity) {
          throw refuse('receipt-reused', `Receipt ${receipt_id} was booked with ${receipt.d_received} units.`)
        }
        if (stock.received + quantity > MAX_UNITS) {
          throw refuse('invalid-request', 'Some fields are invalid.', {
            errors: [{ pointer: '/quantity', detail: `a product may have ${MAX_UNITS} units in all` }],
          })
        }
        const booked =
          receipt === undefined ? await store.bookReceipt(tx, product_id, quantity, receipt_id) : stock
        return { status: 200, body: asBody(booked) }
      })
    }),

    answer(listStock, async ({ query: { cursor, limit } }) => {
      const after = cursor === undefined ? undefined : decodeCursor(cursor, [isProductId])[0]
      const items = await store.listStock(database, after, limit)
      const last = items.length === limit ? items.at(-1) : undefined
      return {
        status: 200,
        body: { items, next_cursor: last === undefined ? null : encodeCursor([last.product_id]) },
      }
    }),

    answer(listHeld, async ({ query: { overdue, limit } }) => ({
      status: 200,
      body: { items: await store.listHeld(database, overdue === 'true', limit) },
    })),

    answer(getOrderStock, async ({ params: { order_id } }) => {
      const reservation = await store.findReservation(database, order_id)
      if (reservation === undefined) throw refuse('not-found', 'No stock was asked for this order yet.')
      return {
        status: 200,
        body: { ...reservation, ledger: await store.listOrderEntries(database, order_id) },
      }
    }),

    answer(getStock, async ({ params }) => ({ status: 200, body: asBody(await stockOf(params.product_id)) })),

    answer(listStockEntries, async ({ params, query: { cursor, limit } }) => {
      await stockOf(params.product_id)
      const before = cursor === undefined ? undefined : Number(decodeCursor(cursor, [isCount])[0])
      const items = await store.listEntries(database, params.product_id, before, limit)
      const last = items.at(-1)
      return {
        status: 200,
        body: {
          items,
          next_cursor: items.length < limit || last === undefined ? null : encodeCursor([last.id]),
        },
      }
    }),
  ]

  async function stockOf(productId: string): Promise<Stock> {
    const stock = await store.findStock(database, productId)
    if (stock === undefined) throw refuse('not-found', 'There is no such product.')
    return stock
  }
}

/** What a cursor may hold of the column that its list is sorted by. */
const PLACES: Record<products.Sort, (part: string) => boolean> = {
  category: (part) => Product.shape.category.safeParse(part).success,
  name: (part) => Product.shape.name.safeParse(part).success,
  cheapest: isCount,
  dearest: isCount,
}

function isSort(sort: products.Sort) {
  return (part: string) => part === sort
}

function isProductId(part: string): boolean {
  return ProductId.safeParse(part).success
}

/** `quantity` is what can be bought now: the seeds' word for it. */
function asBody(stock: Stock) {
  return { ...stock, quantity: stock.available }
}
