import { withShop } from './bench-shop.ts'
import { connectionsOf } from './connections.ts'
import { inPercent } from './queue-rows.ts'
import { kernelBufferBytes, measureSlowReader } from './slow-reader.ts'
import { add, note } from './table.ts'
import { measureWire } from './wire.ts'

/** What an order puts on the wire and on disk, over which connections, and what a slow reader does to its writer. */
export async function measureLayers(stateDir: string): Promise<void> {
  await withShop(stateDir, async (shop, client) => {
    const idle = connectionsOf(shop)
    const { events, jsonBytes, recordBytes, gzip, zstd, kafka, walBytes, loopback } = await measureWire(
      shop,
      client,
    )
    add(
      `an order's ${events.toFixed(1)} events`,
      `JSON ${bytes(jsonBytes)}, as records with headers ${bytes(recordBytes)}`,
    )
    add('  gzip', `each alone ${bytes(gzip.alone)}, those of all orders together ${bytes(gzip.together)}`)
    add('  zstd', `each alone ${bytes(zstd.alone)}, those of all orders together ${bytes(zstd.together)}`)
    add('  on the log of Kafka', besides(kafka.measured, kafka.predicted))
    note("PostgreSQL's write-ahead log, an order", walBytes / 1_000, 'kB', 1)
    add(
      'through the loopback interface, an order',
      `${bytes(loopback.measured)}; of it records to Kafka and from it ${bytes(loopback.records)}`,
    )
    for (const [server, count] of connectionsOf(shop))
      add(`connections to ${server}`, `${idle.get(server) ?? 0} before, ${count} after the orders`)
  })
  const { send, receive } = kernelBufferBytes()
  add("a kernel's buffers of one connection, at most", `send ${bytes(send)}, receive ${bytes(receive)}`)
  for (const readPerS of [500_000, 2_000_000]) {
    const slow = await measureSlowReader(readPerS)
    add(
      `a writer of ${bytes(slow.writtenPerS)}/s, read at ${bytes(slow.readPerS)}/s, is stopped after`,
      `${slow.measuredS.toFixed(2)} s, predicted ${slow.predictedS.toFixed(2)} s with ${bytes(slow.bufferBytes)} of buffers; ` +
        `it holds ${bytes(slow.queuedBytes)}`,
    )
  }
}

const bytes = (count: number) =>
  count < 10_000 ? `${Math.round(count)} B` : `${(count / 1_000).toFixed(1)} kB`
const besides = (measured: number, predicted: number) =>
  `${bytes(measured)} measured, ${bytes(predicted)} predicted (${inPercent(predicted / measured - 1)})`
