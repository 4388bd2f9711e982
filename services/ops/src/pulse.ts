import { answer, type Endpoint } from '@lepton/common/http/app'
import type { EventStream } from '@lepton/common/http/event-stream'
import type { Part } from '@lepton/common/runtime/lifecycle'
import { getPulse, type Pulse, streamPulse } from '@lepton/contracts/console'

const EVERY_MS = 1_000

export interface Heartbeat extends Part {
  endpoints: Endpoint[]
}

/** Makes the pulse once a second, however many look at it. */
export function startPulse(make: () => Pulse): Heartbeat {
  const readers = new Set<EventStream>()
  let latest = make()
  const timer = setInterval(() => {
    latest = make()
    for (const reader of readers) reader.send('pulse', latest)
  }, EVERY_MS)

  function read(out: EventStream): Promise<void> {
    readers.add(out)
    out.send('pulse', latest)
    return new Promise((resolve) =>
      out.signal.addEventListener('abort', () => {
        readers.delete(out)
        resolve()
      }),
    )
  }

  return {
    endpoints: [
      answer(getPulse, () =>
        Promise.resolve({ status: 200, body: latest, headers: { 'cache-control': 'no-store' } }),
      ),
      answer(streamPulse, () => Promise.resolve({ status: 200, stream: read })),
    ],
    stop: () => {
      clearInterval(timer)
      return Promise.resolve()
    },
  }
}
