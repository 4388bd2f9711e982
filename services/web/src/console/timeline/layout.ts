import type { Answer, RouteOf } from '@lepton/client/api'

export type Trail = Answer<RouteOf<'GET', '/ops/orders/:order_id/timeline'>>

const LANES = ['cart', 'order', 'inventory', 'payment', 'psp'] as const
/** A wait this long (ms) is a column of its own. */
const GAP_MS = 3_000

export interface Item {
  id: string
  kind: 'event' | 'task' | 'dead' | 'expected'
  lane: number
  column: number
  /** What it is called in the messages: an event's type, a task's operation, a step's name. */
  name: string
  instance?: string
  /** After the first event, in ms; undefined for what is still to come. */
  afterMs?: number
  tries?: number
  /** The item that caused it. */
  cause?: string
}

export interface Layout {
  lanes: string[]
  items: Item[]
  gaps: { column: number; ms: number }[]
  columns: number
}

type Placed = Omit<Item, 'lane' | 'column' | 'afterMs'> & { service: string; atMs?: number }

/**
 * Where each item of an order's story is drawn: a lane for each service, a column for each item, causes before effects, by the
 * one clock of the database. What is still to come is last.
 */
export function layoutOf({ events, tasks, dead, expected }: Trail): Layout {
  const known = events.map(({ event_id, type, service, instance, at, caused_by }): Placed => ({
    id: event_id,
    kind: 'event',
    name: type,
    service,
    instance,
    atMs: Date.parse(at),
    ...(caused_by !== null && { cause: caused_by }),
  }))
  const story = [...known]
  for (const placed of [...tasksOf(tasks, known), ...deadOf(dead)]) {
    const index = story.findIndex(
      ({ atMs }) => atMs !== undefined && placed.atMs !== undefined && atMs > placed.atMs,
    )
    story.splice(index === -1 ? story.length : index, 0, placed)
  }
  story.push(
    ...expected.map(({ step, service }): Placed => ({
      id: `expected ${step}`,
      kind: 'expected',
      name: step,
      service,
    })),
  )

  const lanes = [...new Set<string>([...LANES, ...story.map(({ service }) => service)])]
  const beganMs = story[0]?.atMs ?? 0
  const items: Item[] = []
  const gaps: Layout['gaps'] = []
  let column = 0
  let lastMs: number | undefined
  for (const { service, atMs, ...item } of story) {
    const wait = atMs !== undefined && lastMs !== undefined ? atMs - lastMs : 0
    if (wait > GAP_MS) gaps.push({ column: column++, ms: wait })
    items.push({
      ...item,
      lane: lanes.indexOf(service),
      column: column++,
      ...(atMs !== undefined && { afterMs: Math.max(0, atMs - beganMs) }),
    })
    lastMs = atMs ?? lastMs
  }
  return { lanes, items, gaps, columns: column }
}

const CAUSES: Record<Trail['tasks'][number]['op'], string> = {
  AUTH: 'inventory.stock_reserved.v1',
  CAPTURE: 'order.confirmed.v1',
  VOID: 'order.cancelled.v1',
  REFUND: 'order.cancelled.v1',
}

/** What payment asks of the bank is caused by what payment has consumed. */
function tasksOf(tasks: Trail['tasks'], events: readonly Placed[]): Placed[] {
  return tasks.map(({ op, attempts, started_at, next_at }) => {
    const cause = events.find(({ name }) => name === CAUSES[op])?.id
    return {
      id: `task ${op}`,
      kind: 'task',
      name: op,
      service: 'psp',
      tries: attempts,
      atMs: Date.parse(started_at ?? next_at),
      ...(cause !== undefined && { cause }),
    }
  })
}

function deadOf(dead: Trail['dead']): Placed[] {
  return dead.map(({ letter_id, service, event_type, event_id, attempts, first_failed_at }) => ({
    id: letter_id,
    kind: 'dead',
    name: event_type ?? '',
    service,
    tries: attempts,
    atMs: Date.parse(first_failed_at),
    ...(event_id !== null && { cause: event_id }),
  }))
}
