import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { keepRecentSpans } from './recent-spans.ts'
import { collectSpans, inSpan, recordSpan, resumeTrace, type Span, spanNowMs } from './span.ts'
import { continueTrace, currentTrace, sampleTraces, withTrace } from './trace.ts'

const TRACE_ID = 'a'.repeat(32)
const CALLER = 'b'.repeat(16)
const traceparent = `00-${TRACE_ID}-${CALLER}-01`
const WORK = { name: 'work', kind: 'internal' } as const

let spans: Span[]
let stop: () => void
beforeEach(() => {
  spans = []
  stop = collectSpans((span) => void spans.push(span))
})
afterEach(() => {
  stop()
  sampleTraces(1)
})

describe('a span', () => {
  it('is within the one around it, and ends after those within it', async () => {
    await resumeTrace({ traceparent }, { ...WORK, name: 'outer' }, () =>
      inSpan(WORK, () => Promise.resolve()),
    )
    const [inner, outer] = spans
    expect(outer).toMatchObject({ trace_id: TRACE_ID, parent_id: CALLER, name: 'outer', error: null })
    expect(inner).toMatchObject({ trace_id: TRACE_ID, parent_id: outer!.span_id, name: 'work' })
    expect(outer!.duration_ms).toBeGreaterThanOrEqual(inner!.duration_ms)
  })

  it('is what others are given as the cause of what they do', async () => {
    const sent = await resumeTrace({ traceparent }, WORK, () => Promise.resolve(currentTrace()!.traceparent))
    expect(sent).toBe(`00-${TRACE_ID}-${spans[0]!.span_id}-01`)
  })

  it('says what it failed with, and passes it on', async () => {
    const failing = resumeTrace({ traceparent }, WORK, () => Promise.reject(new Error('no route')))
    await expect(failing).rejects.toThrow('no route')
    expect(spans).toMatchObject([{ error: 'Error: no route' }])
  })

  it('is none where there is no trace, or the trace is not sampled', async () => {
    await inSpan(WORK, () => Promise.resolve())
    const unsampled = `00-${TRACE_ID}-${CALLER}-00`
    const sent = await resumeTrace({ traceparent: unsampled }, WORK, () =>
      inSpan(WORK, () => Promise.resolve(currentTrace()!.traceparent)),
    )
    expect(spans).toEqual([])
    expect(sent).toMatch(/-00$/)
  })
})

describe('sampling', () => {
  it('is decided where a trace begins, and followed everywhere else', () => {
    sampleTraces(0)
    expect(continueTrace({}).traceparent).toMatch(/-00$/)
    expect(continueTrace({ traceparent }).is_sampled).toBe(true)
    sampleTraces(1)
    expect(continueTrace({}).is_sampled).toBe(true)
  })
})

describe("other tracers' state", () => {
  it('goes along as it came, unless it is too long', () => {
    expect(continueTrace({ traceparent, tracestate: 'vendor=1' }).tracestate).toBe('vendor=1')
    expect(continueTrace({ traceparent, tracestate: 'x'.repeat(513) }).tracestate).toBeUndefined()
    expect(continueTrace({ tracestate: 'vendor=1' }).tracestate).toBeUndefined()
  })
})

describe('recent spans', () => {
  it('are the newest, of one trace, in the order they ended', () => {
    const recent = keepRecentSpans(3)
    const record = (name: string, id: string) =>
      withTrace(continueTrace({ traceparent: `00-${id}-${CALLER}-01` }), () =>
        recordSpan(currentTrace()!, spanNowMs(), { ...WORK, name }),
      )
    const other = 'c'.repeat(32)
    for (const [name, id] of [
      ['one', TRACE_ID],
      ['two', TRACE_ID],
      ['three', other],
      ['four', TRACE_ID],
    ] as const)
      record(name, id)
    expect(recent.of(TRACE_ID).map(({ name }) => name)).toEqual(['two', 'four'])
    expect(recent.of(other).map(({ name }) => name)).toEqual(['three'])
    recent.stop()
    record('five', TRACE_ID)
    expect(recent.of(TRACE_ID)).toHaveLength(2)
  })
})
