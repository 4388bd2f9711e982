import type { Log } from '../runtime/log.ts'
import type { Catalogue } from './catalogue.ts'
import { lastKnownInstances } from './last-known.ts'
import {
  applyAnswer,
  emptyMembership,
  type KnownInstance,
  knownInstances,
  type Membership,
  nextExpiryMs,
  rememberedMembership,
  withoutExpired,
} from './membership.ts'

export interface ServiceWatch {
  service: string
  instances(): readonly KnownInstance[]
  /** Settles with the first answer, or with the first failure and what a file remembers. Never rejects. */
  ready: Promise<void>
  isReady(): boolean
  /** Whether there was an answer, or a file remembers instances: without either, no list means nothing. */
  isInformed(): boolean
  subscribe(listener: (instances: readonly KnownInstance[]) => void): () => void
}

export interface WatchSettings {
  /** How long instances that vanished in a suspicious way stay usable. */
  holdMs: number
  /** Losses that follow each other within this time count as one. */
  gatherMs: number
  lastKnownMaxAgeMs: number
}

export interface WatchDeps {
  catalogue: Catalogue
  stateDir: string
  log: Log
  settings: WatchSettings
  onSuspicious(service: string): void
  onIndexReset(service: string): void
  now: () => number
  date: () => Date
}

/** Follows one service, whatever says where it is: the list is kept in memory and in a file. */
export function startServiceWatch(
  service: string,
  { catalogue, stateDir, log, settings, onSuspicious, onIndexReset, now, date }: WatchDeps,
): ServiceWatch & { answeredAtMs(): number; close(): Promise<void> } {
  const listeners = new Set<(instances: readonly KnownInstance[]) => void>()
  const startedAtMs = now()
  let answeredAtMs: number | undefined
  let membership: Membership = emptyMembership
  let instances: readonly KnownInstance[] = []
  let isFailing = false
  let wasSuspicious = false
  let expiry: NodeJS.Timeout | undefined
  let isReady = false
  const { promise: ready, resolve: resolveReady } = Promise.withResolvers<void>()

  const file = lastKnownInstances(stateDir, service, {
    onError: (error) => log.warn({ err: error, target: service }, 'cannot save the last known instances'),
    now,
    date,
  })

  function setReady(): void {
    isReady = true
    resolveReady()
  }

  function become(next: Membership): void {
    membership = next
    const list = knownInstances(next)
    clearTimeout(expiry)
    const { holdMs } = settings
    const expiresAtMs = nextExpiryMs(next, holdMs)
    if (expiresAtMs !== Infinity) {
      const expire = () => become(withoutExpired(membership, { nowMs: now(), holdMs }))
      expiry = setTimeout(expire, Math.max(1, expiresAtMs - now())).unref()
    }
    if (JSON.stringify(list) === JSON.stringify(instances)) return
    instances = list
    for (const listener of listeners) listener(instances)
  }

  async function useRemembered(): Promise<void> {
    const known = await file.load(settings.lastKnownMaxAgeMs)
    if (answeredAtMs === undefined && known !== undefined) become(rememberedMembership(known.instances))
  }

  const remembered = useRemembered()
  const following = catalogue.follow(service, {
    onAnswer(list) {
      if (isFailing) log.info({ target: service }, 'discovery answers again')
      isFailing = false
      answeredAtMs = now()
      const { isSuspicious, ...next } = applyAnswer(membership, list, {
        nowMs: answeredAtMs,
        holdMs: settings.holdMs,
        gatherMs: settings.gatherMs,
      })
      if (isSuspicious) onSuspicious(service)
      if (isSuspicious && !wasSuspicious) {
        log.warn(
          { target: service, left: list.length },
          'most instances vanished at once: keeping them for a while',
        )
      }
      wasSuspicious = isSuspicious
      become(next)
      if (list.length > 0) file.keep({ instances: list })
      setReady()
    },
    onError(error) {
      if (!isFailing)
        log.warn({ err: error, target: service }, 'discovery fails: going on with the known instances')
      isFailing = true
      void remembered.then(setReady)
    },
    onIndexReset: () => onIndexReset(service),
  })

  return {
    service,
    ready,
    isReady: () => isReady,
    isInformed: () => answeredAtMs !== undefined || instances.length > 0,
    instances: () => instances,
    answeredAtMs: () => answeredAtMs ?? startedAtMs,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      clearTimeout(expiry)
      listeners.clear()
      await following.close()
      await remembered
      await file.settled()
      clearTimeout(expiry)
      setReady()
    },
  }
}
