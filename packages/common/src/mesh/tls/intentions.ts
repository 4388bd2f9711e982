import { z } from 'zod'
import type { Log } from '../../runtime/log.ts'
import type { ConsulClient } from '../consul.ts'
import { followConsul, followDefaults, keptFor } from './follow-consul.ts'

const Intention = z.object({
  SourceName: z.string(),
  DestinationName: z.string(),
  /** `allow`, `deny`, or nothing where rules for single requests decide, which only a proxy knows. */
  Action: z.string().default(''),
  Precedence: z.number().default(0),
  /** Another cluster's services have the names of ours. */
  SourcePeer: z.string().default(''),
})
export type Intention = z.infer<typeof Intention>
const Intentions = z.array(Intention).nullable()
const Kept = z.object({ intentions: z.array(Intention) })
const MAX_VERDICTS = 1_000
const LAST_KNOWN_MAX_AGE_MS = 24 * 3_600_000

/**
 * Whether a service may call another: the intention with the highest precedence decides, and without one it may.
 * A caller without a name is any service.
 */
export function isAllowed(
  intentions: readonly Intention[],
  caller: string | undefined,
  service: string,
): boolean {
  const matching = intentions.filter(
    ({ SourceName, DestinationName, SourcePeer }) =>
      SourcePeer === '' &&
      (DestinationName === service || DestinationName === '*') &&
      (SourceName === caller || SourceName === '*'),
  )
  const highest = Math.max(...matching.map(({ Precedence }) => Precedence))
  return matching.every(({ Precedence, Action }) => Precedence < highest || Action === 'allow')
}

export interface Intents {
  /** Settles when they are known, or when neither Consul nor a file says them. */
  ready: Promise<void>
  allow(caller: string | undefined): boolean
  close(): Promise<void>
}

/** The intentions in Consul for one service, evaluated here; while Consul is away the last ones stay. */
export function followIntentions({
  consul,
  service,
  stateDir,
  log,
}: {
  consul: ConsulClient
  service: string
  stateDir: string | undefined
  log: Log
}): Intents {
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  let intentions: readonly Intention[] = []
  let isAnswered = false
  const verdicts = new Map<string | undefined, boolean>()
  const file =
    stateDir === undefined ? undefined : keptFor(stateDir, `intentions-${service}`, { schema: Kept, log })

  function apply(next: readonly Intention[]): void {
    intentions = next
    verdicts.clear()
    resolve()
  }

  const remembered = Promise.resolve(file?.load(LAST_KNOWN_MAX_AGE_MS)).then((kept) => {
    if (kept !== undefined && !isAnswered) apply(kept.intentions)
  })
  const following = followConsul({
    consul,
    log,
    settings: followDefaults,
    what: 'the intentions',
    // All of them: what matches one service is answered without an index before Consul 1.9.
    path: '/v1/connect/intentions',
    schema: Intentions,
    onAnswer: (answer) => {
      isAnswered = true
      const own = (answer ?? []).filter(({ DestinationName: to }) => to === service || to === '*')
      file?.keep({ intentions: own })
      apply(own)
    },
    onError: () => void remembered.then(resolve),
  })

  return {
    ready,
    allow(caller) {
      let verdict = verdicts.get(caller)
      if (verdict === undefined) {
        if (verdicts.size >= MAX_VERDICTS) verdicts.clear()
        verdict = isAllowed(intentions, caller, service)
        verdicts.set(caller, verdict)
      }
      return verdict
    },
    async close() {
      await following.close()
      await remembered
      await file?.settled()
      resolve()
    },
  }
}
