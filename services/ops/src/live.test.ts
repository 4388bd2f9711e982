import { expect, it } from '@jest/globals'
import { hasCaughtUp, type Reader } from './live.ts'

it('leaves figures out for a reader that is behind, and has it read everything again when it has caught up', () => {
  let queued = 0
  const sent: string[] = []
  const out = {
    send: (event: string) => void sent.push(event),
    queuedBytes: () => queued,
    signal: new AbortController().signal,
  }
  const reader: Reader = { out, topics: ['metrics'], isBehind: false }
  const after = (bytes: number) => {
    queued = bytes
    return hasCaughtUp(reader)
  }

  expect([after(0), after(200_000), after(300_000), after(100_000)]).toEqual([true, true, false, false])
  expect(sent).toEqual([])
  expect(after(1_000)).toBe(true)
  expect(sent).toEqual(['resync'])
  expect(after(1_000)).toBe(true)
  expect(sent).toEqual(['resync'])
})
