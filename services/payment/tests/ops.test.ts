import { describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { StockReserved } from '@lepton/contracts/inventory'
import { OrderCancelled, OrderConfirmed, OrderPlaced } from '@lepton/contracts/order'
import type { Problem } from '@lepton/contracts/problems'
import { eventRecord, eventsOf, placement } from '@lepton/testing/builders'
import { until } from '@lepton/testing/until'
import { usePaymentService } from './payment-service.ts'

const shop = usePaymentService()
const reason = 'the processor said so on the phone'

interface Unsettled {
  order_id: string
  operation: string
  attempts: number
  generation: number
  last_error: string
}

async function publish(id: string, step: 'AUTH' | 'CAPTURE' | 'REFUND'): Promise<void> {
  const order = placement(id, { amount_minor: 2_500 })
  if (step === 'AUTH')
    await shop.broker.send([
      eventRecord(OrderPlaced, id, 1, order),
      eventRecord(StockReserved, id, 1, { order_id: id }),
    ])
  if (step === 'CAPTURE')
    await shop.broker.send([eventRecord(OrderConfirmed, id, 2, { order_id: id, mode: 'saga' })])
  if (step === 'REFUND')
    await shop.broker.send([
      eventRecord(OrderCancelled, id, 3, { order_id: id, mode: 'saga', reason: 'REFUND' }),
    ])
}

const asked = (id: string, op: string) => shop.psp.asked.filter((one) => one.order_id === id && one.op === op)

/** An order whose last step waits for its next attempt, an hour from now. */
async function stuck(op: 'AUTH' | 'CAPTURE' | 'REFUND', how: 'refuse' | 'fail'): Promise<string> {
  const id = newId()
  for (const step of ['AUTH', 'CAPTURE', 'REFUND'] as const) {
    if (step === op) shop.psp.next(op, how)
    await publish(id, step)
    if (step === op) break
    await ended(id, step === 'AUTH' ? 'AUTHORIZED' : 'CAPTURED')
  }
  await until('it waits for its next attempt', async () => {
    const { rowCount } = await shop.database.query(
      `update psp_task set next_at = now() + interval '1 hour', attempts = 12
       where order_id = $1 and outcome is null and lease_until is null and last_error is not null`,
      [id],
    )
    return rowCount === 1
  })
  return id
}

async function list(query = 'limit=100'): Promise<Unsettled[]> {
  const operator = await shop.people.operator()
  const { body } = await operator.get<{ items: Unsettled[] }>(`/ops/payments?${query}`)
  return body.items
}

async function command(id: string, what: 'retry' | 'settle', body: object) {
  const operator = await shop.people.operator()
  const answer = await operator.post<Unsettled & Problem & { state: string; note: string }>(
    `/ops/payments/${id}/${what}`,
    { reason, ...body },
  )
  return { operator, ...answer }
}

async function auditOf(id: string) {
  const { rows } = await shop.database.query(
    'select who, action, reason, result from ops_audit where target = $1',
    [`payment ${id}`],
  )
  return rows
}

const ended = (id: string, state: string) =>
  until(`it is ${state}`, async () => (await shop.stateOf(id)) === state)

describe('payments that do not settle', () => {
  it('are listed with what the processor answered, page by page', async () => {
    const [refused, unknown] = [await stuck('REFUND', 'refuse'), await stuck('CAPTURE', 'fail')]

    const items = await list()
    expect(items.find(({ order_id }) => order_id === refused)).toMatchObject({
      operation: 'REFUND',
      attempts: 12,
      generation: 1,
      last_error: 'refused: as the test wants',
    })
    expect(items.find(({ order_id }) => order_id === unknown)).toMatchObject({
      operation: 'CAPTURE',
      generation: 0,
      last_error: 'the processor answered 500',
    })
    expect(await list('min_attempts=13')).toEqual([])

    const operator = await shop.people.operator()
    const pages: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: { body: { items: Unsettled[]; next_cursor: string | null } } = await operator.get(
        `/ops/payments?limit=1${cursor && `&cursor=${cursor}`}`,
      )
      pages.push(...body.items.map(({ order_id }) => order_id))
      cursor = body.next_cursor
    }
    expect(pages).toEqual(items.map(({ order_id }) => order_id))
    for (const id of [refused, unknown]) await command(id, 'retry', {})
    await shop.settle()
  })

  it('are asked for again at once: with a new key after a refusal', async () => {
    const id = await stuck('REFUND', 'refuse')

    const { status, body, operator } = await command(id, 'retry', {})
    await ended(id, 'REFUNDED')

    expect([status, body.generation]).toEqual([202, 1])
    expect(new Set(asked(id, 'REFUND').map(({ psp_key }) => psp_key)).size).toBe(2)
    expect(await auditOf(id)).toEqual([
      { who: operator.id, action: 'retry', reason, result: 'REFUND is asked for again' },
    ])
    expect(await shop.booksOf(id)).toEqual(['AUTH SHOP', 'CAPTURE SHOP', 'REFUND SHOP'])
  })

  it('keep their key while the outcome is unknown, unless the operator says otherwise', async () => {
    const [same, other] = [await stuck('REFUND', 'fail'), await stuck('REFUND', 'fail')]

    await command(same, 'retry', {})
    await command(other, 'retry', { new_key: true })
    await Promise.all([ended(same, 'REFUNDED'), ended(other, 'REFUNDED')])

    expect(new Set(asked(same, 'REFUND').map(({ psp_key }) => psp_key)).size).toBe(1)
    expect(new Set(asked(other, 'REFUND').map(({ psp_key }) => psp_key)).size).toBe(2)
  })

  it('cannot be refunded twice: a new key first looks at what is booked', async () => {
    const id = newId()
    for (const [step, state] of [
      ['AUTH', 'AUTHORIZED'],
      ['CAPTURE', 'CAPTURED'],
    ] as const) {
      await publish(id, step)
      await ended(id, state)
    }
    shop.psp.next('REFUND', 'hold after it was done')
    await publish(id, 'REFUND')
    await until('it is booked', () =>
      shop.psp.done.some(({ op, order_id }) => op === 'REFUND' && order_id === id),
    )

    const { status } = await command(id, 'retry', { new_key: true })
    // As if the process with the request were gone: its lease ends.
    await shop.database.query(
      `update psp_task set lease_until = now() where order_id = $1 and outcome is null`,
      [id],
    )
    await ended(id, 'REFUNDED')
    shop.psp.release()
    await shop.settle()

    expect(status).toBe(202)
    expect(asked(id, 'REFUND')).toHaveLength(1)
    expect(await shop.booksOf(id)).toEqual(['AUTH SHOP', 'CAPTURE SHOP', 'REFUND SHOP'])
  })

  it('never get a second charge: an authorisation keeps its key', async () => {
    const id = await stuck('AUTH', 'fail')

    expect(await command(id, 'retry', { new_key: true })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/new_key' }] },
    })
    expect((await command(id, 'retry', {})).status).toBe(202)
    await ended(id, 'AUTHORIZED')
    expect(new Set(asked(id, 'AUTH').map(({ psp_key }) => psp_key)).size).toBe(1)
  })

  it('are settled by hand, with a reason: the order hears of it, the books say who', async () => {
    const id = await stuck('REFUND', 'refuse')

    const { status, body, operator } = await command(id, 'settle', { charge_state: 'REFUNDED' })
    await shop.settle()

    expect({ status, body }).toMatchObject({
      status: 200,
      body: { state: 'REFUNDED', note: 'Settled by hand.' },
    })
    expect(await shop.booksOf(id)).toEqual(['AUTH SHOP', 'CAPTURE SHOP', 'REFUND OPERATOR'])
    expect(eventsOf(shop.broker.records('payment.v1'), id).at(-1)?.type).toBe('payment.refunded.v1')
    expect(await auditOf(id)).toEqual([
      { who: operator.id, action: 'settle', reason, result: 'REFUND: REFUNDED' },
    ])
    expect((await command(id, 'settle', { charge_state: 'REFUNDED' })).status).toBe(409)
    expect((await command(id, 'retry', {})).status).toBe(409)
  })

  it('are settled by hand also where nothing was ever heard of the authorisation', async () => {
    const [declined, granted] = [await stuck('AUTH', 'fail'), await stuck('AUTH', 'fail')]
    const charge_id = newId()

    await command(declined, 'settle', { charge_state: 'DECLINED' })
    const missing = await command(granted, 'settle', { charge_state: 'AUTHORIZED' })
    await command(granted, 'settle', { charge_state: 'AUTHORIZED', charge_id })

    expect(missing).toMatchObject({ status: 400, body: { errors: [{ pointer: '/charge_id' }] } })
    expect([await shop.stateOf(declined), await shop.stateOf(granted)]).toEqual(['DECLINED', 'AUTHORIZED'])
    expect(await shop.booksOf(granted)).toEqual(['AUTH OPERATOR'])
    expect(await auditOf(declined)).toHaveLength(1)
  })

  it('are not settled by a state that settles nothing', async () => {
    const id = await stuck('REFUND', 'refuse')

    expect(await command(id, 'settle', { charge_state: 'CAPTURED' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/charge_state' }] },
    })
    expect(await shop.stateOf(id)).toBe('REFUNDING')
    await command(id, 'retry', {})
    await ended(id, 'REFUNDED')
  })

  it('of orders that are unknown, or that are settled, are no payments to settle', async () => {
    expect((await command(newId(), 'retry', {})).status).toBe(409)
    expect((await command(newId(), 'settle', { charge_state: 'VOIDED' })).status).toBe(409)
  })
})
