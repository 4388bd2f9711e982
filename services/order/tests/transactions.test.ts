import { beforeEach, describe, expect, it } from '@jest/globals'
import { metaOf } from '@lepton/contracts/governance'
import { freshKey } from '@lepton/testing/builders'
import type { FakeAnswer } from '@lepton/testing/mesh'
import type { Person } from '@lepton/testing/people'
import { until } from '@lepton/testing/until'
import { useOrderService } from './order-service.ts'

type Phase = 'prepare' | 'confirm' | 'cancel'
interface Outcome {
  transaction_id: string
  state: string
  message: string
  detail: string
}

const PATHS = { prepare: '/tx/{id}/prepare', confirm: '/tx/{id}/confirm', cancel: '/tx/{id}/cancel' }
const body = { service_a: 'billing', service_b: 'shipping' }
const shop = useOrderService({ isCoordinated: true })
let operator: Person
beforeEach(async () => {
  shop.ordinaryDay()
  operator = await shop.people.operator()
  for (const service of ['billing', 'shipping']) shop.mesh.know(service, [instance(service, metaOf(PATHS))])
  shop.mesh.know('weather', [instance('weather', {})])
  shop.mesh.know('liar', [instance('liar', metaOf({ ...PATHS, confirm: '/tx/../{id}' }))])
  for (const phase of ['prepare', 'confirm', 'cancel'] as const) answers(phase, () => ({ status: 200 }))
  shop.mesh.requests.length = 0
})

function instance(service: string, meta: Record<string, string>) {
  const name = `${service}-1`
  return { name, id: name, service, address: '127.0.0.1', port: 1, meta, tier: 'verified' } as never
}

/** What a participant answers in a phase. */
function answers(phase: Phase, answer: (service: string) => FakeAnswer): void {
  shop.mesh.answer({ operation: `${phase}_participant` } as never, ({ service }) => answer(service))
}

/** Which participant was asked for what, in order. */
const asked = () =>
  shop.mesh.requests
    .filter(({ operation }) => operation.endsWith('_participant'))
    .map(({ service, path }) => `${service} ${path.split('/').at(-1)}`)

const run = (request: object = body, key?: string) =>
  operator.post<Outcome>('/transaction', request, key === undefined ? {} : { key })
const look = async (id: string) =>
  (await operator.get<Outcome & { reason: string }>(`/transaction/${id}`)).body

describe('POST /transaction', () => {
  it('has both prepare, then both confirm, and says so as the seed does', async () => {
    const answer = await run({ ...body, data: { order: 'lunch' } })

    expect(answer).toMatchObject({
      status: 200,
      body: { status: 'success', state: 'CONFIRMED', message: 'billing and shipping have confirmed.' },
    })
    expect(asked().slice(0, 2).sort()).toEqual(['billing prepare', 'shipping prepare'])
    expect(asked().slice(2).sort()).toEqual(['billing confirm', 'shipping confirm'])
    const { transaction_id } = answer.body
    expect(shop.mesh.requests.find(({ service }) => service === 'billing')).toMatchObject({
      method: 'PUT',
      path: `/tx/${transaction_id}/prepare`,
      body: JSON.stringify({ order: 'lunch', transaction_id }),
    })
    expect(JSON.stringify(shop.mesh.requests)).not.toContain('authorization')
  })

  it('has both cancel where one refuses, and says which', async () => {
    answers('prepare', (service) => ({ status: service === 'shipping' ? 422 : 200 }))

    const answer = await run()

    expect(answer).toMatchObject({ status: 409, body: { type: '/problems/transaction-cancelled' } })
    expect(answer.body.detail).toBe('Nothing was done: shipping refused.')
    expect(asked().slice(2).sort()).toEqual(['billing cancel', 'shipping cancel'])
  })

  it('has both cancel where one does not answer', async () => {
    answers('prepare', (service) => ({ status: service === 'billing' ? 503 : 200 }))
    expect((await run()).body.detail).toBe('Nothing was done: billing did not answer.')
  })

  it('confirms what is decided until it is carried out, however often that fails', async () => {
    let failures = 0
    answers('confirm', (service) => ({ status: service === 'shipping' && ++failures < 3 ? 500 : 200 }))

    const answer = await run()

    expect(answer).toMatchObject({ status: 200, body: { status: 'success', state: 'CONFIRMING' } })
    expect(answer.body.message).toContain('shipping will be asked until')
    await until('it is', async () => (await look(answer.body.transaction_id)).state === 'CONFIRMED')
    expect(asked().filter((one) => one === 'billing confirm')).toHaveLength(1)
    expect(failures).toBe(3)
  })

  it('stops where a participant has done the opposite', async () => {
    answers('confirm', () => ({ status: 409 }))
    expect(await run()).toMatchObject({ status: 409, body: { type: '/problems/branch-settled' } })
  })

  it('is one transaction for one key, also when the participants have left the registry', async () => {
    const key = freshKey()

    const first = await run(body, key)
    shop.mesh.know('billing', [])
    const second = await run(body, key)
    const other = await run({ ...body, data: { more: 1 } }, key)

    expect(second.body).toEqual(first.body)
    expect(asked()).toHaveLength(4)
    expect(other).toMatchObject({ status: 422, body: { type: '/problems/idempotency-key-reused' } })
  })

  it.each([
    ['billing', 'nowhere', 404, 'not-found'],
    ['billing', 'weather', 422, 'not-a-participant'],
    ['liar', 'billing', 422, 'not-a-participant'],
    ['billing', 'billing', 400, 'invalid-request'],
    ['billing', 'a/../b', 400, 'invalid-request'],
  ])('of %s and %s is refused', async (service_a, service_b, status, slug) => {
    expect(await run({ service_a, service_b })).toMatchObject({ status, body: { type: `/problems/${slug}` } })
    expect(asked()).toEqual([])
  })

  it('is an operator’s, and is audited', async () => {
    const { transaction_id } = (await run()).body
    const customer = await shop.people.customer()

    expect((await customer.post('/transaction', body)).status).toBe(403)
    const { rows } = await shop.database.query(`select who, target from ops_audit where result = $1`, [
      transaction_id,
    ])
    expect(rows).toEqual([{ who: operator.id, target: 'billing, shipping' }])
  })
})

describe('a coordinator that died', () => {
  /** What a process leaves behind that dies before its decision, or after it. */
  async function leave(state: 'TRYING' | 'CONFIRMING'): Promise<string> {
    const { transaction_id } = (await run()).body
    shop.mesh.requests.length = 0
    const phase = state === 'TRYING' ? 'TRY' : 'CONFIRM'
    await shop.database.query(
      `with t as (update tcc_tx set state = $2, next_at = now(), deadline = now() where gid = $1)
       update tcc_branch_log set done = false, phase = $3 where gid = $1`,
      [transaction_id, state, phase],
    )
    return transaction_id
  }
  const recovered = async (id: string, state: string) => {
    await shop.recoverDue()
    await until(state, async () => (await look(id)).state === state)
  }

  it('before its decision leaves a transaction that its deadline cancels', async () => {
    const id = await leave('TRYING')

    await recovered(id, 'CANCELLED')

    expect(asked().sort()).toEqual(['billing cancel', 'shipping cancel'])
    expect((await look(id)).reason).toBe('it was not decided by its deadline')
  })

  it('after its decision leaves one that another process confirms', async () => {
    const id = await leave('CONFIRMING')

    await recovered(id, 'CONFIRMED')

    expect(asked().sort()).toEqual(['billing confirm', 'shipping confirm'])
  })
})
