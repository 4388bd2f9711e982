import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Unavailable } from '@lepton/common/runtime/problem'
import { useDatabase } from '@lepton/testing/database'

/** "Ready for query", which ends each answer of PostgreSQL. */
const READY = Buffer.from('Z\0\0\0\x05')
const test = useDatabase('events')
let server: Server | undefined

afterEach(() => void server?.close())

/** FATAL 57P01, as a server says it that is being shut down. */
function shutdownNotice(): Buffer {
  const fields = Buffer.from(
    'SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0',
  )
  const head = Buffer.from('E\0\0\0\0')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}

/** The test's database behind a server that ends its first session in the packet of that session's `answers`th answer. */
async function endingAfter(answers: number): Promise<string> {
  const { hostname, port } = new URL(test.url)
  let left = answers
  server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    client.on('error', () => upstream.destroy()).pipe(upstream)
    upstream.on('error', () => client.destroy())
    upstream.on('close', () => client.destroy())
    upstream.on('data', (packet) => {
      if (!packet.includes(READY) || left-- !== 1) return client.write(packet)
      client.end(Buffer.concat([packet, shutdownNotice()]))
      return upstream.end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(test.url)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return url.href
}

describe('a session that ends between two statements', () => {
  it.each([
    ['as soon as it is there', 1],
    ['with the answer to a statement', 2],
  ])('%s, costs a query one statement at most', async (_when, answers) => {
    const database = test.open({ url: await endingAfter(answers) })

    const outcomes = []
    for (let i = 0; i < 4; i++) {
      outcomes.push(
        await database.query('select 1').then(
          () => 'done',
          (error: unknown) => error,
        ),
      )
    }

    expect(outcomes.filter((outcome) => outcome !== 'done').length).toBeLessThanOrEqual(1)
    expect(outcomes.every((outcome) => outcome === 'done' || outcome instanceof Unavailable)).toBe(true)
  })

  it.each([
    ['as soon as it is there', 1],
    ['with the answer to a statement', 2],
  ])('%s, makes a transaction begin from the start', async (_when, answers) => {
    const database = test.open({ url: await endingAfter(answers) })
    let runs = 0

    const read = await database.inTransaction(async (tx) => {
      runs++
      await tx.query('select 1')
      return (await tx.query<{ two: number }>('select 2 as two')).rows
    })

    expect(read).toEqual([{ two: 2 }])
    expect(runs).toBe(2)
  })
})
