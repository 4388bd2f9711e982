import { afterEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import type { Database } from '@lepton/events/postgres/database'
import { StockReserved } from '@lepton/contracts/inventory'
import { OrderPlaced } from '@lepton/contracts/order'
import { eventRecord, placement } from '@lepton/testing/builders'
import { until } from '@lepton/testing/until'
import { createClaim } from '../src/claim-store.ts'
import { usePaymentService } from './payment-service.ts'

const places = { maxInFlight: 10, maxPerCustomer: 3 }
const shop = usePaymentService({ places })

/** An order of a customer that is ready to be paid with a card. */
async function place(customer_id: string, payment_token: string): Promise<string> {
  const id = newId()
  await shop.broker.send([
    eventRecord(OrderPlaced, id, 1, placement(id, { customer_id, payment_token })),
    eventRecord(StockReserved, id, 1, { order_id: id }),
  ])
  return id
}

async function countOpen(customer_id: string): Promise<number> {
  const { rows } = await shop.database.query<{ open: number }>(
    'select count(*)::int as open from psp_task where customer_id = $1 and outcome is null',
    [customer_id],
  )
  return rows[0]!.open
}

afterEach(async () => {
  shop.psp.release()
  await shop.settle()
})

describe('the places at the card processor', () => {
  it('are shared: 220 slow cards of one customer do not delay another’s order', async () => {
    const [slow, other] = [newId(), newId()]
    shop.psp.holdCard('tok_held')
    await Promise.all(Array.from({ length: 220 }, () => place(slow, 'tok_held')))
    await until('all of them wait', async () => (await countOpen(slow)) === 220)
    await until('some are asked', () => shop.psp.asked.length === places.maxPerCustomer)

    const ids = await Promise.all(Array.from({ length: 5 }, () => place(other, 'tok_approved')))
    await until('the other’s are authorised', async () => {
      const states = await Promise.all(ids.map((id) => shop.stateOf(id)))
      return states.every((state) => state === 'AUTHORIZED')
    })

    expect(await countOpen(slow)).toBe(220)
    const held = shop.psp.asked.filter(({ payment_token }) => payment_token === 'tok_held')
    expect(held).toHaveLength(places.maxPerCustomer)
  })

  it('are all used by one customer’s turn after turn, and every order is settled', async () => {
    const customer = newId()
    const ids = await Promise.all(Array.from({ length: 30 }, () => place(customer, 'tok_approved')))

    await shop.settle()

    for (const id of ids) expect(await shop.stateOf(id)).toBe('AUTHORIZED')
  })
})

/** How the statements of some work are planned. */
async function plansOf(work: (database: Database) => Promise<unknown>): Promise<string[]> {
  const plans: string[] = []
  const query: Database['query'] = async (text, values) => {
    const { rows } = await shop.database.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values)
    plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
    return shop.database.query(text, values)
  }
  await work({ ...shop.database, query })
  return plans
}

describe('a claim', () => {
  const isAsked = (id: string) => shop.psp.asked.some(({ order_id }) => order_id === id)

  /** Tasks that are due since long ago, so that they are before all others in the queue. */
  async function addBacklog(customer_id: string, tasks: number): Promise<void> {
    await shop.database.query(
      `with payments as (
         insert into payment (order_id, customer_id) select gen_random_uuid(), $1 from generate_series(1, $2::int)
         returning order_id)
       insert into psp_task (order_id, customer_id, op, psp_key, next_at, lease_until)
       select order_id, $1, 'AUTH', order_id, now() - interval '1 hour', null from payments`,
      [customer_id, tasks],
    )
  }

  it('in a transaction is undone with it', async () => {
    shop.psp.holdCard('tok_held')
    const fillers = await Promise.all(Array.from({ length: 10 }, () => place(newId(), 'tok_held')))
    await until('its places are full', () => fillers.every(isAsked))
    const customer = newId()
    await addBacklog(customer, 1)
    const claim = createClaim(shop.database, { maxPerCustomer: 8 })
    const claimed: string[] = []
    const claimWithin = (end: () => Promise<void>) =>
      shop.database.inTransaction((tx) => {
        claim.within(tx, 1, ({ tasks }) => claimed.push(...tasks.map(({ op }) => op)))
        return end()
      })

    await expect(claimWithin(() => Promise.reject(new Error('rolled back')))).rejects.toThrow('rolled back')
    claimed.length = 0
    await claimWithin(() => Promise.resolve())

    await shop.database.query('delete from psp_task where customer_id = $1', [customer])
    expect(claimed).toEqual(['AUTH'])
  })

  it('that another one kept from being made is made when that is over', async () => {
    const other = Promise.withResolvers<void>()
    const held = shop.database.inTransaction(async (tx) => {
      await tx.query('select')
      shop.tasksMade.notify({ tx, count: 1 })
      await other.promise
    })
    const id = await place(newId(), 'tok_approved')
    await until('its task is written', async () => (await shop.stateOf(id)) === 'AUTHORIZING')

    other.resolve()
    await held

    const isAuthorized = async () => (await shop.stateOf(id)) === 'AUTHORIZED'
    await until('it is authorised before the next look at the queue', isAuthorized, { timeoutMs: 700 })
  })

  it('reaches every customer behind a large backlog, and takes few of each', async () => {
    // No other process claims in between: the service’s own places are full.
    shop.psp.holdCard('tok_held')
    const fillers = await Promise.all(Array.from({ length: 10 }, () => place(newId(), 'tok_held')))
    await until('its places are full', () => fillers.every(isAsked))
    const [backlog, ...others] = [newId(), newId(), newId(), newId()]
    await addBacklog(backlog, 5_000)
    for (const id of others) await addBacklog(id, 1)

    const claim = createClaim(shop.database, { maxPerCustomer: 8 })
    const { tasks: first } = await claim.due(40)
    const { tasks: second } = await claim.due(40)

    expect(first).toHaveLength(8 + others.length)
    expect(second).toEqual([])
    const plans = await plansOf((database) => createClaim(database, { maxPerCustomer: 8 }).due(40))
    await shop.database.query('delete from psp_task where customer_id = any($1)', [[backlog, ...others]])
    expect(plans).toHaveLength(3)
    for (const plan of plans) expect(plan).not.toMatch(/Seq Scan on psp_task|Bitmap/)
    expect(plans[0]).toContain('Index Scan using psp_task_open')
  })
})
