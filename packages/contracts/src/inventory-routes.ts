import { z } from 'zod'
import { Cursor, Limit, pageOf, ProductId } from './fields.ts'
import { Category, Product, ProductQuery, ReceiveStock, Stock, StockEntry } from './inventory.ts'
import { route } from './route.ts'

const OfProduct = z.strictObject({ product_id: ProductId })
const Paging = z.strictObject({ cursor: Cursor.optional(), limit: Limit.default(20) })

export const listProducts = route({
  operation: 'list_products',
  owner: 'inventory',
  method: 'GET',
  path: '/products',
  summary: 'The catalogue with price and units available',
  access: ['anyone'],
  query: ProductQuery,
  answers: { 200: pageOf(Product) },
  problems: [],
})

export const listCategories = route({
  operation: 'list_categories',
  owner: 'inventory',
  method: 'GET',
  path: '/categories',
  summary: 'The categories of the catalogue, and how many products each has',
  access: ['anyone'],
  answers: { 200: z.object({ items: z.array(Category) }) },
  problems: [],
})

export const getProduct = route({
  operation: 'get_product',
  owner: 'inventory',
  method: 'GET',
  path: '/products/:product_id',
  summary: 'One product',
  access: ['anyone'],
  params: OfProduct,
  answers: { 200: Product },
  problems: [],
})

export const receiveStock = route({
  operation: 'receive_stock',
  owner: 'inventory',
  method: 'POST',
  path: '/stock',
  summary: 'Receive units of a product; one receipt is booked once',
  access: ['operator'],
  idempotency: 'optional',
  body: ReceiveStock,
  answers: { 200: Stock },
  problems: ['unknown-item', 'receipt-reused'],
})

export const getStock = route({
  operation: 'get_stock',
  owner: 'inventory',
  method: 'GET',
  path: '/stock/:product_id',
  summary: 'Units of a product: available, held for orders, committed to orders, received in all',
  access: ['operator'],
  params: OfProduct,
  answers: { 200: Stock },
  problems: [],
})

export const listStockEntries = route({
  operation: 'list_stock_entries',
  owner: 'inventory',
  method: 'GET',
  path: '/stock/:product_id/ledger',
  summary: 'Every movement of a product, newest first',
  access: ['operator'],
  params: OfProduct,
  query: Paging,
  answers: { 200: pageOf(StockEntry) },
  problems: [],
})

export const INVENTORY_ROUTES = [
  listProducts,
  listCategories,
  getProduct,
  receiveStock,
  getStock,
  listStockEntries,
]
