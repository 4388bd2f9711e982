import { beforeAll, describe, expect, it } from '@jest/globals'
import { eventsOf, freshKey } from '@lepton/testing/builders'
import type { Person } from '@lepton/testing/people'
import { useOrderService } from './order-service.ts'

interface Recorded {
  event_id: string
  version: number
  event_data: object
  detail: string
  errors: object[]
}

const TYPE = 'note.taken.v1'
const schema = {
  type: 'object',
  properties: { text: { type: 'string', maxLength: 10 }, stars: { type: 'integer', minimum: 1 } },
  required: ['text'],
  additionalProperties: false,
}
const shop = useOrderService()
let operator: Person
beforeAll(async () => {
  operator = await shop.people.operator()
  await know(TYPE)
})

const know = (event_type: string, as: object = schema) =>
  operator.post<Recorded>('/event-type', { event_type, schema: as })
const record = (event_data: object, { event_type = TYPE, key }: { event_type?: string; key?: string } = {}) =>
  operator.post<Recorded>('/event', { event_type, event_data }, key === undefined ? {} : { key })
const read = async (event_type: string, query = '') =>
  (
    await operator.get<{ items: Recorded[]; next_cursor: string | null }>(
      `/event?event_type=${event_type}${query}`,
    )
  ).body

describe('POST /event', () => {
  it('keeps an event, publishes it and gives it back, page by page', async () => {
    await know('lunch.eaten.v1')
    const [first, second] = [
      await record({ text: 'soup' }, { event_type: 'lunch.eaten.v1' }),
      await record({ text: 'salad', stars: 5 }, { event_type: 'lunch.eaten.v1' }),
    ]

    expect(first).toMatchObject({ status: 200, body: { status: 'success', version: 1 } })
    expect(second).toMatchObject({
      status: 200,
      body: { version: 2, event_data: { text: 'salad', stars: 5 } },
    })
    const page = await read('lunch.eaten.v1', '&limit=1')
    const rest = await read('lunch.eaten.v1', `&cursor=${page.next_cursor}`)
    expect([...page.items, ...rest.items].map(({ event_id }) => event_id)).toEqual([
      first.body.event_id,
      second.body.event_id,
    ])
    await shop.settle()
    expect(eventsOf(shop.broker.records('events.v1'), 'lunch.eaten.v1')).toMatchObject([
      { type: 'lunch.eaten.v1', sequence: 1, data: { text: 'soup' } },
      { type: 'lunch.eaten.v1', sequence: 2, data: { text: 'salad', stars: 5 } },
    ])
  })

  it('numbers twenty at once without a gap, and one key once', async () => {
    await know('race.run.v1')
    const key = freshKey()

    const answers = await Promise.all([
      ...Array.from({ length: 20 }, (_, index) =>
        record({ text: `${index}` }, { event_type: 'race.run.v1' }),
      ),
      record({ text: 'once' }, { event_type: 'race.run.v1', key }),
    ])
    const again = await record({ text: 'once' }, { event_type: 'race.run.v1', key })

    expect(again.body).toEqual(answers.at(-1)!.body)
    const { items } = await read('race.run.v1')
    expect(items.map(({ version }) => version)).toEqual(Array.from({ length: 21 }, (_, index) => index + 1))
  })

  it('refuses data that is not as the schema says, field by field', async () => {
    const answer = await record({ text: 'far too long a text', stars: 0, more: 1 })

    expect(answer).toMatchObject({ status: 400, body: { type: '/problems/invalid-request' } })
    expect(answer.body.errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ pointer: '/event_data/text' }),
        expect.objectContaining({ pointer: '/event_data/stars' }),
      ]),
    )
    expect((await read(TYPE)).items).toEqual([])
  })

  it.each(['\u0000', 'a\ud800'])('refuses text that cannot be kept: %j', async (text) => {
    expect(await record({ text })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/event_data' }] },
    })
    expect((await record({ text: '\\u0000' })).status).toBe(200)
  })

  it('refuses a type that is not known, and lists those that are', async () => {
    const answer = await record({ text: 'x' }, { event_type: 'nothing.known.v1' })

    expect(answer).toMatchObject({ status: 422, body: { type: '/problems/unknown-event-type' } })
    expect(answer.body.detail).toContain(`nothing.known.v1 is not registered. Known: `)
    expect(answer.body.detail).toContain(TYPE)
  })

  it('is an operator’s', async () => {
    const customer = await shop.people.customer()
    expect((await customer.post('/event', { event_type: TYPE, event_data: { text: 'x' } })).status).toBe(403)
  })
})

describe('a type of events', () => {
  it('is known once, and never with another schema', async () => {
    expect([(await know(TYPE)).status, (await know(TYPE, { type: 'object' })).status]).toEqual([200, 409])
    await expect(
      shop.database.query(`update event_types set schema = '{}' where event_type = $1`, [TYPE]),
    ).rejects.toThrow('append-only')
    await record({ text: 'kept' })
    await expect(shop.database.query('delete from recorded_events')).rejects.toThrow('append-only')
  })

  it.each([
    [
      'a pattern, which may run for ever',
      { type: 'object', properties: { a: { type: 'string', pattern: '(a+)+$' } } },
      '/schema/properties/a/pattern',
    ],
    ['a reference', { type: 'object', properties: { a: { $ref: '#' } } }, '/schema/properties/a/$ref'],
    [
      'a property of that name, with a pattern',
      { type: 'object', properties: { properties: { pattern: 'x' } } },
      '/schema/properties/properties/pattern',
    ],
    ['data that is no object', { type: 'string' }, '/schema/type'],
    ['a type that there is not', { type: 'object', properties: { a: { type: 'poem' } } }, '/schema'],
  ])('is refused for %s', async (_what, bad, pointer) => {
    const answer = await know('bad.schema.v1', bad)
    expect(answer.status).toBe(400)
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer }))
  })

  it('may have a property that is called pattern', async () => {
    const named = { type: 'object', properties: { pattern: { type: 'string' } } }
    expect((await know('wall.papered.v1', named)).status).toBe(200)
  })
})
