import { percentile } from './percentiles.ts'
import type { FaultName, Takeover } from './takeover-figures.ts'

interface Figure {
  what: string
  field: keyof Takeover & `${string}Ms`
  targetS?: number
}

const FAULTS: Record<FaultName, string> = {
  none: 'nothing happens',
  restarted: 'instance killed, the launcher starts it again',
  killed: 'instance killed, not started again',
  silent: 'instance stopped dead (SIGSTOP), its connections stay',
  kafka: 'Kafka killed, the launcher starts it again',
  postgres: 'PostgreSQL killed, the launcher starts it again',
}
const PUBLISHED: Figure = { what: 'longest wait of an event from commit to Kafka', field: 'publishedMs' }
const APPLIED: Figure = { what: 'longest wait of an event from Kafka to its effect', field: 'appliedMs' }
const COMPLETED: Figure = { what: 'longest wait of a shopper from 202 to COMPLETED', field: 'completedMs' }
const ACCEPTED: Figure = { what: 'until an order is accepted again', field: 'acceptedAgainMs' }
const FLOWING: readonly Figure[] = [
  { what: "until every service's events reach Kafka again", field: 'publishedAgainMs' },
  { what: 'until they take effect everywhere again', field: 'appliedAgainMs' },
]
const OF_INSTANCE = [within(5, PUBLISHED), within(12, APPLIED)]
const FIGURES: Record<FaultName, readonly Figure[]> = {
  none: [PUBLISHED, APPLIED],
  restarted: OF_INSTANCE,
  killed: OF_INSTANCE,
  silent: OF_INSTANCE,
  kafka: [PUBLISHED, ...FLOWING].map((figure) => within(8, figure)),
  postgres: [ACCEPTED, ...FLOWING].map((figure) => within(5, figure)),
}

/** What each kind of fault cost: the least, the middle and the most of its repetitions, and whether that was too much. */
export function rowsOf(takeovers: readonly Takeover[]): [string, string][] {
  const kinds = Map.groupBy(takeovers, ({ fault }) => fault)
  return [...kinds].flatMap(([fault, all]) => [
    [FAULTS[fault], 'min / median / max'] as [string, string],
    ...[...FIGURES[fault], COMPLETED].map(
      (figure) => [`  ${figure.what}`, spell(figure, all)] as [string, string],
    ),
    ['  requests not answered with 202', all.map(({ refused }) => refused).join(' / ')] as [string, string],
  ])
}

function spell({ field, targetS = Infinity }: Figure, all: readonly Takeover[]): string {
  const seconds = all.map((takeover) => takeover[field] / 1_000)
  const spread = [0, 0.5, 1].map((share) => percentile(seconds, share).toFixed(1)).join(' / ')
  if (targetS === Infinity) return `${spread} s`
  return `${spread} s, target ${targetS} s${Math.max(...seconds) > targetS ? ': MISSED' : ''}`
}

function within(targetS: number, figure: Figure): Figure {
  return { ...figure, targetS }
}
