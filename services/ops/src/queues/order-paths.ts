import { SUBSCRIPTIONS } from '@lepton/contracts/topics'
import type { OrderPath } from '@lepton/contracts/streams'

const KEPT_MS = 300_000
const MAX_EVENTS = 20_000
const MAX_ORDERS = 2_000
/** A way of more steps is a loop in what was written by hand. */
const MAX_STEPS = 20

export interface PathEvent {
  event_id: string
  type: string
  source: string
  topic: string
  atMs: number
  caused_by: string | undefined
  /** How long the card processor took to answer. */
  processor_ms: number | undefined
}

interface Step {
  from: string
  to: string
  /** Of the event that caused it, and the service that answered with the next one. */
  topic: string
  publisher: string
  service: string
  ms: number
  processorMs: number
}

export interface OrderPaths {
  add(event: PathEvent): void
  /** The way that most orders of the last five minutes went; undefined where none was completed. */
  usual(nowMs: number, predictMs: (step: Step) => number | null): OrderPath | undefined
}

/** From `order.completed` back from cause to cause: the last cause to come is what the order waited for. */
export function createOrderPaths(): OrderPaths {
  const events = new Map<string, PathEvent>()
  let paths: { atMs: number; steps: Step[] }[] = []

  function walk(last: PathEvent): Step[] | undefined {
    const steps: Step[] = []
    let event = last
    while (event.caused_by !== undefined) {
      const cause = events.get(event.caused_by)
      if (cause === undefined || steps.length === MAX_STEPS) return undefined
      steps.unshift({
        from: cause.type,
        to: event.type,
        topic: cause.topic,
        publisher: cause.source,
        service: event.source,
        ms: Math.max(0, event.atMs - cause.atMs),
        processorMs: event.processor_ms ?? 0,
      })
      event = cause
    }
    return event.type === 'order.placed.v1' || event.topic === 'cart.v1' ? steps : undefined
  }

  return {
    add(event) {
      if (events.has(event.event_id)) return
      events.set(event.event_id, event)
      if (events.size > MAX_EVENTS) events.delete(events.keys().next().value!)
      const steps = event.type === 'order.completed.v1' ? walk(event) : undefined
      if (steps !== undefined && steps.length > 0) paths.push({ atMs: event.atMs, steps })
      if (paths.length > MAX_ORDERS) paths.shift()
    },

    usual(nowMs, predictMs) {
      paths = paths.filter(({ atMs }) => atMs > nowMs - KEPT_MS)
      const nameOf = ({ steps }: { steps: Step[] }) => steps.map(({ to }) => to).join(' ')
      const [most] = [...Map.groupBy(paths, nameOf).values()].sort((a, b) => b.length - a.length)
      if (most === undefined) return undefined
      const mean = (of: (steps: Step[]) => number) =>
        most.reduce((sum, { steps }) => sum + of(steps), 0) / most.length
      const steps = most[0]!.steps.map((step, index) => {
        const measured_ms = mean((own) => own[index]!.ms)
        const predicted = predictMs({ ...step, processorMs: mean((own) => own[index]!.processorMs) })
        return { from: step.from, to: step.to, service: step.service, measured_ms, predicted_ms: predicted }
      })
      const predictions = steps.map(({ predicted_ms }) => predicted_ms)
      return {
        orders: most.length,
        share: most.length / paths.length,
        steps,
        measured_ms: mean((own) => own.reduce((sum, { ms }) => sum + ms, 0)),
        predicted_ms: predictions.includes(null)
          ? null
          : predictions.reduce<number>((sum, ms) => sum + ms!, 0),
      }
    },
  }
}

/** Whether a service reads a topic: otherwise the step was a request. */
export const isReader = (service: string, topic: string): boolean =>
  (SUBSCRIPTIONS as Record<string, readonly string[]>)[service]?.includes(topic) === true
