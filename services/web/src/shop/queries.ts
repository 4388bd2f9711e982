import type { ShopError } from '@lepton/client'
import type { PRODUCT_SORTS } from '@lepton/contracts/statuses'
import {
  infiniteQueryOptions,
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { type Cart, shop } from '../api.ts'
import { queryClient } from '../query-client.ts'

const CART = ['cart']

/** The units in a cart, of all lines. */
export const unitsIn = (cart: Cart | undefined): number =>
  cart?.lines.reduce((sum, { quantity }) => sum + quantity, 0) ?? 0

export function useCart({ enabled = true } = {}) {
  return useQuery({ queryKey: CART, queryFn: () => shop.cart(), enabled })
}

/** `category` is the order of the shelf. */
export type Sort = (typeof PRODUCT_SORTS)[number]

export function useCategories() {
  return useQuery({
    queryKey: ['categories'],
    queryFn: ({ signal }) => shop.ask('GET', '/categories', { signal }),
    staleTime: 60_000,
  })
}

export interface ProductFilter {
  query?: string
  product_ids?: string
  category?: string
  sort?: Sort
}

export const useProducts = (filter: ProductFilter) => useInfiniteQuery(productsQuery(filter))

/** Asks for the whole shelf before its page is drawn. Where it fails, the page asks again, and says so. */
export function prefetchProducts(): void {
  queryClient.infiniteQuery(productsQuery({})).catch(() => undefined)
}

function productsQuery(filter: ProductFilter) {
  const { query, product_ids, category, sort } = filter
  return infiniteQueryOptions({
    queryKey: ['products', filter],
    queryFn: ({ pageParam, signal }) =>
      shop.ask('GET', '/products', {
        query: {
          limit: 48,
          ...(query && { query }),
          ...(product_ids && { product_ids }),
          ...(category && { category }),
          ...(sort && { sort }),
          ...(pageParam !== '' && { cursor: pageParam }),
        },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  })
}

export function useProduct(product_id: string) {
  return useQuery({
    queryKey: ['product', product_id],
    queryFn: ({ signal }) => shop.ask('GET', '/products/:product_id', { params: { product_id }, signal }),
    refetchInterval: 15_000,
  })
}

/** What a change makes of the cart while the shop has not answered yet; totals are the shop's alone. */
type Guess = (cart: Cart) => Cart

/** Changes the cart: shown at once, put right by the answer, taken back where the shop refuses. */
export function useCartChange() {
  const queries = useQueryClient()
  return useMutation<Cart, ShopError, { run: () => Promise<Cart>; guess?: Guess }, Cart | undefined>({
    mutationFn: ({ run }) => run(),
    scope: { id: 'cart' },
    onMutate: async ({ guess }) => {
      await queries.cancelQueries({ queryKey: CART })
      const before = queries.getQueryData<Cart>(CART)
      if (before !== undefined && guess !== undefined) queries.setQueryData(CART, guess(before))
      return before
    },
    onSuccess: (cart) => queries.setQueryData(CART, cart),
    onError: (_error, _change, before) => {
      queries.setQueryData(CART, before)
      void queries.invalidateQueries({ queryKey: CART })
    },
  })
}

export function useForgetCart() {
  const queries = useQueryClient()
  return () => queries.invalidateQueries({ queryKey: CART })
}
