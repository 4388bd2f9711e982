import type { Answer, RouteOf } from '@lepton/client/api'
import { useQuery } from '@tanstack/react-query'
import { shop } from '../api.ts'

export type Overview = Answer<RouteOf<'GET', '/ops/overview'>>
export type ServiceView = Overview['services'][number]
export type InstanceView = ServiceView['instances'][number]
export type Capabilities = Answer<RouteOf<'GET', '/ops/capabilities'>>
export type ScalingView = Answer<RouteOf<'GET', '/ops/scaling'>>['items'][number]
export type Alarms = Answer<RouteOf<'GET', '/ops/alarms'>>
export type Alarm = Alarms['items'][number]
export type Promises = Answer<RouteOf<'GET', '/ops/promises'>>

/** How often (ms) the figures are made, and so asked for. */
const EVERY_MS = 2_000

export function useOverview() {
  return useQuery({
    queryKey: ['ops', 'overview'],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/overview', { signal }),
    refetchInterval: EVERY_MS,
  })
}

export function useSeries(names: string) {
  return useQuery({
    queryKey: ['ops', 'series', names],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/series', { query: { names, last_s: 300 }, signal }),
    refetchInterval: 2 * EVERY_MS,
  })
}

export function usePromises() {
  return useQuery({
    queryKey: ['ops', 'promises'],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/promises', { signal }),
    refetchInterval: ({ state }) => (state.data?.is_checking === true ? EVERY_MS / 2 : 2 * EVERY_MS),
  })
}

export function useScaling() {
  return useQuery({
    queryKey: ['ops', 'scaling'],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/scaling', { signal }),
    refetchInterval: EVERY_MS,
  })
}

export function useWindows() {
  return useQuery({
    queryKey: ['ops', 'windows'],
    queryFn: ({ signal }) =>
      shop.ask('GET', '/ops/streams/windows', { query: { per: 'minute', limit: 60 }, signal }),
    refetchInterval: 5 * EVERY_MS,
  })
}

export function useCapabilities() {
  return useQuery({
    queryKey: ['ops', 'capabilities'],
    queryFn: ({ signal }) => shop.ask('GET', '/ops/capabilities', { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })
}
