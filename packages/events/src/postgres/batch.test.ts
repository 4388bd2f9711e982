import { expect, it } from '@jest/globals'
import pg from 'pg'
import { batchesOf, Skipped } from './batch.ts'

interface Sent {
  submit(connection: object): void
  handleCommandComplete(message: { text: string }): void
  handleError(error: Error, connection: object): void
}

function aConnection() {
  const sent: string[] = []
  const note =
    (what: string) =>
    ({ name, statement }: { name?: string; statement?: string } = {}) =>
      void sent.push([what, name ?? statement].filter(Boolean).join(' '))
  const connection = {
    stream: { cork: () => undefined, uncork: () => undefined },
    parsedStatements: {},
    submittedNamedStatements: {},
    parse: note('parse'),
    bind: note('bind'),
    describe: note('describe'),
    execute: note('execute'),
    sync: note('sync'),
  }
  let batch: Sent | undefined
  const client = { query: (given: Sent) => void (batch = given) } as unknown as pg.Client
  return {
    send: batchesOf(client),
    sent,
    /** What has been asked for in this turn, written. */
    written: async (): Promise<Sent> => {
      await new Promise((resolve) => setImmediate(resolve))
      batch!.submit(connection)
      return batch!
    },
    refuse: (error: Error) => batch!.handleError(error, connection),
  }
}

/** What an answer fails with. */
const faultOf = (answer: Promise<unknown>) =>
  answer.then(
    () => undefined,
    (error: unknown) => error,
  )

it('is one message to the server that it may answer, however many statements it has', async () => {
  const { send, sent, written } = aConnection()
  const answers = Promise.all([send('begin'), send('select 1'), send('commit')])
  const batch = await written()
  expect(sent.filter((message) => message === 'sync')).toHaveLength(1)
  for (const text of ['BEGIN', 'SELECT 0', 'COMMIT']) batch.handleCommandComplete({ text })
  ;(batch as unknown as { handleReadyForQuery(): void }).handleReadyForQuery()
  expect((await answers).map(({ command, rowCount }) => [command, rowCount])).toEqual([
    ['BEGIN', null],
    ['SELECT', 0],
    ['COMMIT', null],
  ])
})

it('knows what has not run where the server refuses a statement', async () => {
  const { send, written, refuse } = aConnection()
  const faults = ['begin', 'select wrong', 'commit'].map((text) => faultOf(send(text)))
  const batch = await written()
  batch.handleCommandComplete({ text: 'BEGIN' })
  const refusal = Object.assign(new pg.DatabaseError('no', 2, 'error'), { severity: 'ERROR' })
  refuse(refusal)
  expect(await Promise.all(faults)).toEqual([undefined, refusal, expect.any(Skipped)])
})

it.each([
  ['the connection is gone', new Error('Connection terminated unexpectedly')],
  [
    'the server ends the session',
    Object.assign(new pg.DatabaseError('ends', 4, 'error'), { severity: 'FATAL' }),
  ],
])('knows of no statement what became of it when %s', async (_when, fault) => {
  const { send, written, refuse } = aConnection()
  const faults = ['insert', 'commit'].map((text) => faultOf(send(text)))
  await written()
  refuse(fault)
  expect(await Promise.all(faults)).toEqual([fault, fault])
})

it('prepares again what the server has skipped', async () => {
  const { send, sent, written, refuse } = aConnection()
  const faults = ['select first', 'select second'].map((text) => faultOf(send(text)))
  await written()
  refuse(Object.assign(new pg.DatabaseError('no', 2, 'error'), { severity: 'ERROR' }))
  await Promise.all(faults)
  sent.length = 0
  void faultOf(send('select second'))
  await written()
  expect(sent.filter((message) => message.startsWith('parse'))).toHaveLength(1)
})
