import type { ShopError } from '@lepton/client'
import type { Answer, RouteOf } from '@lepton/client/api'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { shop } from '../api.ts'

export type Session = Answer<RouteOf<'GET', '/session'>>

const SESSION = ['session']

/** Who this browser is, as a shopper and as an operator. */
export function useSession() {
  return useQuery({ queryKey: SESSION, queryFn: () => shop.ask('GET', '/session', {}), staleTime: 60_000 })
}

/** Becomes an operator: with the secret, or, where the shop allows it, as the demo's. */
export function useSignIn() {
  const queries = useQueryClient()
  return useMutation<unknown, ShopError, { secret: string; name: string } | undefined>({
    mutationFn: (given) =>
      given === undefined
        ? shop.ask('POST', '/session/operator/demo', {})
        : shop.ask('POST', '/session/operator', { body: given }),
    onSuccess: () => queries.invalidateQueries({ queryKey: SESSION }),
  })
}

export function useSignOut() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: () => shop.ask('DELETE', '/session', { query: { role: 'operator' } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: SESSION }),
  })
}
