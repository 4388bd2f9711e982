import { describe, expect, it } from '@jest/globals'
import { readEvents, type StreamEvent } from './event-stream.ts'

const TEXT = [
  ': the stream begins\n\n',
  'event: order\nid: 1\ndata: {"status":"PLACED"}\n\n',
  'event: order\r\nid: 2\r\ndata: {"name":\r\ndata: "Käse €"}\r\n\r\n',
  ':\n\n',
  'data: no name\n\n',
  'event: order\ndata: not whole',
].join('')
const EXPECTED: StreamEvent[] = [
  { event: 'order', id: '1', data: '{"status":"PLACED"}' },
  { event: 'order', id: '2', data: '{"name":\n"Käse €"}' },
  { event: 'message', id: '2', data: 'no name' },
]

function cutInto(size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(TEXT)
  return ReadableStream.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    ),
  )
}

describe('an event stream', () => {
  it.each([1, 2, 3, 7, 1_000])('is the same events in pieces of %i bytes', async (size) => {
    const events: StreamEvent[] = []
    for await (const event of readEvents(cutInto(size))) events.push(event)
    expect(events).toEqual(EXPECTED)
  })

  it('is given up when its reader leaves', async () => {
    let isCancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('data: again\n\n')),
      cancel: () => {
        isCancelled = true
      },
    })
    for await (const { data } of readEvents(endless)) {
      expect(data).toBe('again')
      break
    }
    expect(isCancelled).toBe(true)
  })
})
