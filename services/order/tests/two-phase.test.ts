import { beforeEach, describe, expect, it } from '@jest/globals'
import { confirmPayment, confirmStock, tryPayment, tryStock } from '@lepton/contracts/branches'
import { StockReserved } from '@lepton/contracts/inventory'
import { PaymentDeclined } from '@lepton/contracts/payment'
import { eventRecord, eventsOf, freshKey } from '@lepton/testing/builders'
import { problemAnswer } from '@lepton/testing/mesh'
import type { Person } from '@lepton/testing/people'
import { until } from '@lepton/testing/until'
import type { Placement } from '../src/order.ts'
import { startDeadlines } from '../src/timers.ts'
import { runTryPhase, tryBranches } from '../src/try-phase.ts'
import { useOrderService } from './order-service.ts'

const shop = useOrderService()
const state = (name: string) => () => ({ status: 200, body: { order_id: FIXED, state: name } })
const FIXED = '01890000-0000-7000-8000-000000000001'

beforeEach(async () => {
  shop.ordinaryDay()
  shop.branchesAgree()
  await shop.database.query(`update tcc_tx set next_at = now() + interval '1 hour'`)
})

async function accepted(): Promise<{ alice: Person; placement: Placement; id: string }> {
  const alice = await shop.people.customer()
  const id = await shop.place(alice, { mode: 'two_phase' })
  const { rows } = await shop.database.query<{ data: Placement }>(
    `select data from order_events where order_id = $1 and type = 'order.placed.v1'`,
    [id],
  )
  return { alice, id, placement: rows[0]!.data }
}

async function transaction(id: string) {
  const { rows } = await shop.database.query<{ state: string; last_error: string | null; unsettled: number }>(
    `select state, last_error, (select count(*)::int from tcc_branch_log l where l.gid = t.gid and not done) as unsettled
     from tcc_tx t where gid = $1`,
    [id],
  )
  return rows[0]!
}

async function decisionOf(id: string) {
  const { rows } = await shop.database.query<{ decision: string; reason: string | null }>(
    'select decision, reason from order_stream where order_id = $1',
    [id],
  )
  return rows[0]!
}

/** What the branches were asked, phase by phase; what goes out at once is put in the order of its names. */
function asked(id: string): string[] {
  const operations = shop.mesh.requests
    .filter(({ path }) => path.includes(id))
    .map(({ operation }) => operation)
  const phaseOf = (operation: string) => operation.split('_')[0]
  const phases = [...new Set(operations.map(phaseOf))]
  return phases.flatMap((phase) => operations.filter((operation) => phaseOf(operation) === phase).sort())
}

/** What a process does that finds the transaction due: as after the death of the one that had it. */
async function recover(id: string): Promise<void> {
  await shop.database.query('update tcc_tx set next_at = now() where gid = $1', [id])
  await shop.recoverDue()
}

/** Lets the deadline of an order pass. */
async function expire(id: string): Promise<void> {
  await shop.database.query(
    `with t as (update tcc_tx set deadline = now() - interval '1 s' where gid = $1)
     update order_stream set deadline = now() - interval '1 s' where order_id = $1`,
    [id],
  )
}

describe('an order in two phases', () => {
  it('is registered with its branches before anybody is asked', async () => {
    const { id } = await accepted()

    expect(await transaction(id)).toEqual({ state: 'TRYING', last_error: null, unsettled: 2 })
    expect(asked(id)).toEqual([])
    await shop.settle()
    expect(eventsOf(shop.broker.records('order.v1'), id)).toMatchObject([
      { type: 'order.placed.v1', data: { mode: 'two_phase' } },
    ])
  })

  it('is refused without a card', async () => {
    const alice = await shop.people.customer()
    const body = { lines: [{ item_id: 'moka-pot', quantity: 1 }], mode: 'two_phase' }

    expect(await alice.post('/orders', body, { key: freshKey() })).toMatchObject({
      status: 422,
      body: { type: '/problems/payment-token-missing', errors: [{ pointer: '/payment_token' }] },
    })
  })

  it('is confirmed when both branches were tried, and then both are confirmed', async () => {
    const { id, placement } = await accepted()

    await runTryPhase(shop.deps, placement)
    expect(await transaction(id)).toMatchObject({ state: 'CONFIRMING', unsettled: 2 })
    await recover(id)

    expect(await decisionOf(id)).toEqual({ decision: 'CONFIRMED', reason: null })
    expect(await transaction(id)).toMatchObject({ state: 'CONFIRMED', unsettled: 0 })
    expect(asked(id)).toEqual(['try_payment', 'try_stock', 'confirm_payment', 'confirm_stock'])
    await shop.settle()
    expect(eventsOf(shop.broker.records('order.v1'), id).map(({ type }) => type)).toEqual([
      'order.placed.v1',
      'order.confirmed.v1',
    ])
  })

  it.each([
    ['units are missing', tryStock, state('REJECTED'), 'OUT_OF_STOCK'],
    ['the card is declined', tryPayment, state('DECLINED'), 'DECLINED'],
    ['a branch was cancelled before', tryPayment, () => problemAnswer('branch-settled'), 'EXPIRED'],
    ['payment does not answer', tryPayment, () => problemAnswer('unavailable'), 'EXPIRED'],
    ['the card is not answered in time', tryPayment, state('AUTHORIZING'), 'EXPIRED'],
    ['the money was given back before', tryPayment, state('VOIDED'), 'EXPIRED'],
    ['the units were given back before', tryStock, state('RELEASED'), 'EXPIRED'],
  ])('is cancelled when %s, and then both branches are', async (_name, route, answer, reason) => {
    const { id, placement } = await accepted()
    shop.mesh.answer(route, answer)

    await runTryPhase(shop.deps, placement)
    await recover(id)

    expect(await decisionOf(id)).toEqual({ decision: 'CANCELLED', reason })
    expect(await transaction(id)).toMatchObject({ state: 'CANCELLED', unsettled: 0 })
    expect(asked(id)).toEqual(['try_payment', 'try_stock', 'cancel_payment', 'cancel_stock'])
  })

  it.each(['stock', 'payment'] as const)('is cancelled when the try of its %s is lost', async (branch) => {
    const { id, placement } = await accepted()
    shop.mesh.away(branch === 'stock' ? tryStock : tryPayment)

    await runTryPhase(shop.deps, placement)

    expect(await decisionOf(id)).toEqual({ decision: 'CANCELLED', reason: 'EXPIRED' })
  })

  it('asks each branch with a token for that alone', async () => {
    const { id, placement } = await accepted()
    await runTryPhase(shop.deps, placement)
    await recover(id)

    for (const { service, operation, headers } of shop.mesh.requests.filter(({ path }) =>
      path.includes(id),
    )) {
      const token = headers!['authorization']!.replace('Bearer ', '')
      const caller = await shop.identity.verify(token, service)
      expect(caller).toMatchObject({ subject: 'order', scopes: [operation] })
    }
  })
})

describe('a coordinator that dies', () => {
  const steps: [after: string, run: (placement: Placement) => Promise<unknown>, end: string][] = [
    ['registering', () => Promise.resolve(), 'CANCELLED'],
    ['trying both branches', (placement) => tryBranches(shop.deps, placement), 'CANCELLED'],
    ['deciding', (placement) => runTryPhase(shop.deps, placement), 'CONFIRMED'],
  ]

  it.each(steps)('after %s leaves what another brings to its end', async (_after, run, end) => {
    const { id, placement } = await accepted()
    await run(placement)

    await expire(id)
    await recover(id)
    await recover(id)

    expect(await transaction(id)).toMatchObject({ state: end, unsettled: 0 })
    expect((await decisionOf(id)).decision).toBe(end)
    expect(asked(id).slice(-2)).toEqual(
      end === 'CONFIRMED' ? ['confirm_payment', 'confirm_stock'] : ['cancel_payment', 'cancel_stock'],
    )
  })

  it('amid its confirmations leaves one branch, which alone is asked again', async () => {
    const { id, placement } = await accepted()
    await runTryPhase(shop.deps, placement)
    shop.mesh.away(confirmPayment)
    await recover(id)
    expect(await transaction(id)).toMatchObject({
      state: 'CONFIRMING',
      unsettled: 1,
      last_error: 'payment is not available',
    })

    shop.mesh.answer(confirmPayment, state('CAPTURING'))
    await recover(id)

    expect(await transaction(id)).toMatchObject({ state: 'CONFIRMED', unsettled: 0 })
    expect(asked(id).slice(2)).toEqual(['confirm_payment', 'confirm_payment', 'confirm_stock'])
  })

  it('is followed by one process at a time', async () => {
    const { id, placement } = await accepted()
    await runTryPhase(shop.deps, placement)
    await shop.database.query('update tcc_tx set next_at = now() where gid = $1', [id])

    await Promise.all([1, 2, 3].map(() => shop.recoverDue()))

    expect(asked(id)).toEqual(['try_payment', 'try_stock', 'confirm_payment', 'confirm_stock'])
  })

  it('leaves an order alone that is still within its time', async () => {
    const { id } = await accepted()

    await shop.recoverDue()

    expect(await transaction(id)).toMatchObject({ state: 'TRYING' })
  })
})

describe('a branch that contradicts the decision', () => {
  it('stops the transaction and calls for a person', async () => {
    const { id, placement } = await accepted()
    const anomalies = shop.anomalies()
    await runTryPhase(shop.deps, placement)
    shop.mesh.answer(confirmStock, () => problemAnswer('branch-settled'))

    await recover(id)
    await recover(id)

    expect(await transaction(id)).toMatchObject({ state: 'STOPPED' })
    expect(shop.anomalies()).toBe(anomalies + 1)
    expect(asked(id).filter((operation) => operation === 'confirm_stock')).toHaveLength(1)
  })
})

describe('while the branches are tried', () => {
  it('the customer may cancel, and what they answer then decides nothing', async () => {
    const { alice, id, placement } = await accepted()
    const input = await tryBranches(shop.deps, placement)

    const answer = await alice.post(`/orders/${id}/cancel`)
    expect(await transaction(id)).toMatchObject({ state: 'CANCELLING' })
    await shop.deps.together.decide([{ gid: id, input }])
    await recover(id)

    expect([answer.status, input]).toEqual([202, 'all_tried'])
    expect(await decisionOf(id)).toEqual({ decision: 'CANCELLED', reason: 'CUSTOMER' })
    expect(await transaction(id)).toMatchObject({ state: 'CANCELLED', unsettled: 0 })
  })

  it('the customer cancels too late once they have answered', async () => {
    const { alice, id, placement } = await accepted()
    await runTryPhase(shop.deps, placement)

    expect(await alice.post(`/orders/${id}/cancel`)).toMatchObject({
      status: 409,
      body: { type: '/problems/order-settled' },
    })
    expect(await transaction(id)).toMatchObject({ state: 'CONFIRMING' })
  })

  it('the deadline may pass: it is heard before their answers, and moves both', async () => {
    const { id, placement } = await accepted()
    const input = await tryBranches(shop.deps, placement)
    await expire(id)

    await shop.deps.together.decide([{ gid: id, input }])

    expect(await decisionOf(id)).toEqual({ decision: 'CANCELLED', reason: 'EXPIRED' })
    expect(await transaction(id)).toMatchObject({ state: 'CANCELLING' })
  })

  it('the clock cancels what no coordinator drives', async () => {
    const { id, placement } = await accepted()
    await expire(id)

    const timer = startDeadlines(shop.deps)
    await until('the clock decided', async () => (await decisionOf(id)).decision === 'CANCELLED')
    await timer.stop()
    await shop.deps.together.decide([{ gid: id, input: await tryBranches(shop.deps, placement) }])

    expect(await transaction(id)).toMatchObject({ state: 'CANCELLING' })
    expect(await decisionOf(id)).toEqual({ decision: 'CANCELLED', reason: 'EXPIRED' })
  })

  it('decisions at one moment are one decision', async () => {
    const { alice, id } = await accepted()

    await Promise.all([
      shop.deps.together.decide([{ gid: id, input: 'all_tried' }]),
      alice.post(`/orders/${id}/cancel`),
      shop.deps.together.decide([{ gid: id, input: 'try_unanswered' }]),
    ])

    const { decision } = await decisionOf(id)
    expect(await transaction(id)).toMatchObject({
      state: decision === 'CONFIRMED' ? 'CONFIRMING' : 'CANCELLING',
    })
  })

  it('events of the participants are noted and decide nothing', async () => {
    const { alice, id } = await accepted()

    await shop.broker.send([
      eventRecord(StockReserved, id, 1, { order_id: id }),
      eventRecord(PaymentDeclined, id, 1, { order_id: id, decline_reason: 'no' }),
    ])
    await shop.settle()

    expect(await shop.order(alice, id)).toMatchObject({ status: 'RESERVED' })
    expect(await transaction(id)).toMatchObject({ state: 'TRYING' })
  })
})
