import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Shopper } from '@lepton/testing/shop-client'
import { chargesOf, client, operator, paymentOf, settled, target, unitsOf } from '../journeys/world.ts'
import { type Attack, bearer, faultsOf, leaveAttacks, send } from './attack.ts'
import { keysAtServices, rolesAtTheGateway } from './matrix.ts'
import { bodyAttacks, headerAttacks, pathAttacks } from './requests.ts'
import { sequences } from './sequences.ts'
import { forgedTokens } from './tokens.ts'
import { exchange, statusesIn } from './exchange.ts'
import { faultsOnTheWire, FRAMINGS } from './wire.ts'

const ITEM = 'desk-lamp'
const ORDERS = '/api/v1/orders'

/** Everything that a client may try who means no good. What is printed is what came through. */
export function hostile(): void {
  describe('changes nothing', () => {
    let owner: Shopper
    let stranger: Shopper
    let orderId: string
    let before: unknown

    /** All that the attacks of this table could have changed. */
    async function seen() {
      const of = async (shopper: Shopper, path: string) => (await shopper.ask('GET', path)).body
      return {
        cart: await of(owner, '/api/v1/cart'),
        orders: await of(owner, ORDERS),
        payment: await paymentOf(owner, orderId),
        charges: await chargesOf(orderId),
        units: await unitsOf(ITEM),
        strangersCart: await of(stranger, '/api/v1/cart'),
        strangersOrders: await of(stranger, ORDERS),
        deadLetters: ((await of(operator, '/api/v1/ops/dead-letters')) as { items: unknown }).items,
      }
    }

    beforeAll(async () => {
      owner = await client.shopper()
      stranger = await client.shopper()
      orderId = await owner.place([{ item_id: ITEM, quantity: 1 }])
      await settled(owner, orderId, ['COMPLETED'])
      await owner.ask('POST', '/api/v1/cart', { body: { item_id: ITEM, quantity: 2 } })
      before = await seen()
    })

    it('whichever role asks, whatever the request looks like', async () => {
      const forged = await forgedTokens(owner.customerId, owner.token)
      const people = { owner, stranger, operator, orderId, forged }
      const attacks: Attack[] = [
        ...rolesAtTheGateway(people),
        ...(target.inside === undefined ? [] : await keysAtServices(target.inside, people)),
        ...pathAttacks(owner.token),
        ...headerAttacks(owner.token),
        ...bodyAttacks(owner.token),
      ]
      const [requests, bytes] = await Promise.all([faultsOf(attacks), faultsOnTheWire(FRAMINGS)])

      expect([...requests, ...bytes]).toEqual([])
      expect(await seen()).toEqual(before)
      // Only a shop whose services can be reached past the gateway has the keys tried at them.
      expect(attacks.length).toBeGreaterThan(target.inside === undefined ? 700 : 1_000)
    })

    it('in a pipeline of metrics, and costs no one else a moment (finding 2)', async () => {
      const one = (headers: string) => `GET /metrics HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`
      const got = exchange(target.gateway, one('').repeat(99) + one('Connection: close\r\n'))
      const { status } = await send({ method: 'GET', path: ORDERS, headers: bearer(stranger.token) })
      expect(status).toBe(200)
      expect(statusesIn(await got)).toEqual(Array.from({ length: 100 }, () => 404))
    })

    it('by being in a hurry (finding 1)', async () => {
      const hurry = { 'lepton-deadline-ms': '16', 'lepton-attempt': '9' }
      const requests: Pick<Attack, 'method' | 'path' | 'body' | 'headers'>[] = [
        { method: 'GET', path: ORDERS },
        { method: 'POST', path: '/api/v1/cart', body: { item_id: 'no-such-thing', quantity: 1 } },
        { method: 'POST', path: ORDERS, body: { lines: [{ item_id: 'no-such-thing', quantity: 1 }] } },
      ]
      const attacks = requests.flatMap((request) =>
        Array.from({ length: 25 }, (): Attack => ({
          what: 'a deadline of a client’s own',
          finding: '1',
          ...request,
          headers: { ...bearer(stranger.token), ...hurry, 'idempotency-key': randomUUID() },
          status: request.method === 'GET' ? 200 : 422,
        })),
      )
      const others = requests.map((request): Attack => ({
        what: 'the next guest',
        finding: '1',
        ...request,
        headers: { ...bearer(owner.token), 'idempotency-key': randomUUID() },
        status: request.method === 'GET' ? 200 : 422,
      }))
      expect([...(await faultsOf(attacks)), ...(await faultsOf(others))]).toEqual([])
    })
  })

  describe('in several steps:', sequences)
  afterAll(leaveAttacks)
}
