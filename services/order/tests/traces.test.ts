import { beforeEach, describe, expect, it } from '@jest/globals'
import { currentTrace, type Trace } from '@lepton/common/runtime/trace'
import { confirmStock } from '@lepton/contracts/branches'
import { eventsOf } from '@lepton/testing/builders'
import { until } from '@lepton/testing/until'
import { startDeadlines } from '../src/timers.ts'
import { useOrderService } from './order-service.ts'

const shop = useOrderService()
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN_ID = '00f067aa0ba902b7'
const STATE = 'vendor=t61rcWkgMzE,other=1'

beforeEach(() => shop.ordinaryDay())

describe('work that the database drives on', () => {
  it.each(['00', '01'])('keeps tracestate and the sampled flag %s of the request', async (flags) => {
    const id = await placedIn(flags)
    await shop.database.query(
      `update order_stream set deadline = now() - interval '1 second' where order_id = $1`,
      [id],
    )

    const timer = startDeadlines(shop.deps)
    await until('the order is cancelled', () => eventsAbout(id).length === 2)
    await timer.stop()

    expect(eventsAbout(id)).toMatchObject([
      { type: 'order.placed.v1', headers: { tracestate: STATE } },
      { type: 'order.cancelled.v1', headers: { tracestate: STATE } },
    ])
    for (const { headers } of eventsAbout(id))
      expect(headers['traceparent']).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-${flags}$`))
  })

  it('asks the branches of a two-phase order in the trace of its request, from whichever process', async () => {
    const id = await placedIn('00', { mode: 'two_phase' })
    shop.branchesAgree()
    let asked: Trace | undefined
    shop.mesh.answer(confirmStock, () => {
      asked = currentTrace()
      return { status: 200, body: { order_id: id, state: 'COMMITTED' } }
    })
    await shop.database.query(`update tcc_tx set state = 'CONFIRMING', next_at = now() where gid = $1`, [id])

    await shop.recoverDue()

    expect(asked).toMatchObject({ trace_id: TRACE_ID, is_sampled: false, tracestate: STATE })
  })
})

async function placedIn(flags: string, body: object = {}): Promise<string> {
  const alice = await shop.people.customer()
  const request = {
    lines: [{ item_id: 'espresso-beans', quantity: 2 }],
    payment_token: 'tok_approved',
    ...body,
  }
  const headers = {
    traceparent: `00-${TRACE_ID}-${SPAN_ID}-${flags}`,
    tracestate: STATE,
  }
  return shop.place(alice, request, headers)
}

function eventsAbout(id: string) {
  return eventsOf(shop.broker.records('order.v1'), id)
}
