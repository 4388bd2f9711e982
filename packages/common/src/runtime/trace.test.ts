import { describe, expect, it } from '@jest/globals'
import { continueTrace, currentTrace, withTrace } from './trace.ts'

const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`

describe('a trace', () => {
  it('goes on under its id, with a span of its own', () => {
    const trace = continueTrace({ traceparent: parent })
    expect(trace.trace_id).toBe('a'.repeat(32))
    expect(trace.span_id).not.toBe('b'.repeat(16))
    expect(trace.traceparent).toBe(`00-${trace.trace_id}-${trace.span_id}-01`)
  })

  it.each([
    undefined,
    '',
    'nonsense',
    `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`,
    `00-${'a'.repeat(32)}-${'0'.repeat(16)}-01`,
  ])('begins a new one for %s', (header) => {
    const trace = continueTrace({ traceparent: header })
    expect(trace.trace_id).toMatch(/^[0-9a-f]{32}$/)
    expect(trace.trace_id).not.toMatch(/^(a+|0+)$/)
    expect(trace.request_id).toBe(trace.trace_id)
  })

  it('keeps a request id that is one, and no other', () => {
    expect(continueTrace({ traceparent: parent, requestId: 'req-1' }).request_id).toBe('req-1')
    expect(continueTrace({ traceparent: parent, requestId: 'two\nlines' }).request_id).toBe('a'.repeat(32))
  })

  it('is there for everything that is done in it, and gone afterwards', async () => {
    const trace = continueTrace({ traceparent: parent })
    const seen = await withTrace(trace, async () => {
      await Promise.resolve()
      return currentTrace()
    })
    expect(seen).toBe(trace)
    expect(currentTrace()).toBeUndefined()
  })
})
