import type { ShopError } from '@lepton/client'
import type { Answer, RouteOf } from '@lepton/client/api'
import type { Pattern } from '@lepton/contracts/patterns'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { shop } from '../../api.ts'
import { useSession, useSignIn } from '../../parts/session.ts'

export type Experiment = Answer<RouteOf<'GET', '/ops/experiments'>>['items'][number]

const LOOK_MS = 1_000
const KEY = ['ops', 'experiments']

/** What can be run here, by whom, and the latest that was. */
export function useExperiments() {
  const { data: session } = useSession()
  const isOperator = Boolean(session?.operator)
  const query = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => shop.ask('GET', '/ops/experiments', { signal }),
    enabled: isOperator,
    refetchInterval: ({ state }) => (state.data?.items[0]?.ended_at === null ? LOOK_MS : 10 * LOOK_MS),
  })
  return {
    /** Whether the launcher runs this shop: another gives its pages no right to start a second one. */
    isLocal: session === undefined || session.runtime === 'local',
    mayRun: session !== undefined && (isOperator || session.demo_operator),
    latest: query.data?.items[0],
    error: query.error,
  }
}

export function useRun() {
  const queries = useQueryClient()
  const { data: session } = useSession()
  const signIn = useSignIn()
  const start = useMutation<Experiment, ShopError, Pattern>({
    mutationFn: async (without) => {
      if (!session?.operator) await signIn.mutateAsync(undefined)
      return shop.ask('POST', '/ops/experiments', { body: { without, reason: 'from the lab' } })
    },
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  })
  const stop = useMutation<Experiment, ShopError, string>({
    mutationFn: (experiment) =>
      shop.ask('DELETE', '/ops/experiments/:experiment', {
        params: { experiment },
        body: { reason: 'from the lab' },
      }),
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  })
  return { start, stop }
}
