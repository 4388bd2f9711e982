import { answer, type Endpoint } from '@lepton/common/http/app'
import type { EventStream } from '@lepton/common/http/event-stream'
import type { Part } from '@lepton/common/runtime/lifecycle'
import { type Flow, type FlowRow, type Mark } from '@lepton/contracts/figures'
import { getPulse, streamPulse, streamShop } from '@lepton/contracts/console'
import { overviewOf, pulseOf, type ShopState } from './state.ts'

const FLOW_MS = 250
/** The pulse is made once for so many looks at the flow, and has their rows. */
const PULSE_EVERY = 4
const MAX_PULSE_ROWS = 60
/** A reader that is further behind gets no figures and no flow, until it has caught up; then it gets a resync. */
const BEHIND_BYTES = 256 * 1024
const CAUGHT_UP_BYTES = 32 * 1024

export interface Reader {
  out: EventStream
  topics: readonly string[]
  isBehind: boolean
}

export interface Live extends Part {
  endpoints: Endpoint[]
}

/**
 * What changes, sent as it does: one pulse a second for any visitor, and the console's stream for operators.
 *
 * @param noteWatched called each second while there is either
 */
export function startLive(state: ShopState, takeFlow: () => Flow, noteWatched: () => void): Live {
  const visitors = new Set<EventStream>()
  const operators = new Set<Reader>()
  let rows: FlowRow[] = []
  let looks = 0
  let pulse = pulseOf(state, [])

  function send(topic: 'metrics' | 'flow', data: object): void {
    for (const reader of operators) {
      if (!reader.topics.includes(topic) || !hasCaughtUp(reader)) continue
      reader.out.send(topic, data)
    }
  }

  const timer = setInterval(() => {
    const flow = takeFlow()
    rows = [...rows, ...flow.rows].slice(-MAX_PULSE_ROWS)
    if (flow.rows.length > 0) send('flow', flow)
    looks += 1
    if (looks % PULSE_EVERY !== 0) return
    if (visitors.size + operators.size > 0) noteWatched()
    pulse = pulseOf(state, rows)
    rows = []
    for (const visitor of visitors) visitor.send('pulse', pulse)
  }, FLOW_MS)
  state.observer.onSample(() => {
    if (operators.size > 0) send('metrics', overviewOf(state))
  })
  const unsubscribe = state.marks.subscribe((mark) => {
    for (const { out, topics } of operators) if (topics.includes('mark')) sendMark(out, mark)
  })

  function readPulse(out: EventStream): Promise<void> {
    visitors.add(out)
    out.send('pulse', pulse)
    return left(out, () => visitors.delete(out))
  }

  function readAll(out: EventStream, topics: readonly string[], lastId: string | undefined): Promise<void> {
    const missed = lastId === undefined ? [] : state.marks.after(lastId)
    if (missed === undefined) out.send('resync', { because: 'unknown_id' })
    if (topics.includes('mark')) for (const mark of missed ?? []) sendMark(out, mark)
    if (topics.includes('metrics')) out.send('metrics', overviewOf(state))
    const reader = { out, topics, isBehind: false }
    operators.add(reader)
    return left(out, () => operators.delete(reader))
  }

  return {
    endpoints: [
      answer(getPulse, () =>
        Promise.resolve({ status: 200, body: pulse, headers: { 'cache-control': 'no-store' } }),
      ),
      answer(streamPulse, () => Promise.resolve({ status: 200, stream: readPulse })),
      answer(streamShop, ({ query: { topics = 'metrics,flow,mark' }, req }) => {
        const lastId = req.get('last-event-id')
        return Promise.resolve({
          status: 200,
          stream: (out) => readAll(out, topics.split(','), lastId),
        })
      }),
    ],
    stop: () => {
      clearInterval(timer)
      unsubscribe()
      return Promise.resolve()
    },
  }
}

function sendMark(out: EventStream, mark: Mark): void {
  out.send('mark', mark, mark.id)
}

/** False for a reader that does not take what it was sent; once it does again, a resync has it read everything. */
export function hasCaughtUp(reader: Reader): boolean {
  const bytes = reader.out.queuedBytes()
  if (bytes > BEHIND_BYTES) reader.isBehind = true
  if (!reader.isBehind) return true
  if (bytes > CAUGHT_UP_BYTES) return false
  reader.isBehind = false
  reader.out.send('resync', { because: 'too_slow' })
  return true
}

function left({ signal }: EventStream, forget: () => void): Promise<void> {
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => {
      forget()
      resolve()
    }),
  )
}
