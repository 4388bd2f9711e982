import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { newId } from '@lepton/common/runtime/id'
import { tryPayment } from '@lepton/contracts/branches'
import { receiveWebhook } from '@lepton/contracts/payment-routes'
import type { ShopClient } from '@lepton/testing/shop-client'
import { useGateway } from './gateway.ts'

const { mesh, startGateway, connect } = useGateway()
let shop: ShopClient
const post = (client: ShopClient, body: object = { event_id: newId() }) =>
  client.ask('POST', '/api/v1/payments/webhook', { body, headers: { 'webhook-signature': 't=1,v1=ab' } })

beforeAll(async () => {
  shop = connect(await startGateway())
})

beforeEach(() => {
  mesh.requests.length = 0
  mesh.answer(receiveWebhook, () => ({ status: 204, headers: { 'content-type': 'text/plain' } }))
})

describe('a webhook of the card processor', () => {
  it('reaches payment without a token, byte by byte and with its signature', async () => {
    const body = { event_id: newId(), type: 'charge.captured' }

    expect((await post(shop, body)).status).toBe(204)

    const [request] = mesh.requests
    expect(request).toMatchObject({ operation: 'receive_webhook', path: '/payments/webhook' })
    expect(request!.headers).toMatchObject({ 'webhook-signature': 't=1,v1=ab' })
    expect(request!.headers!.authorization).toBeUndefined()
    expect(String(request!.body)).toBe(JSON.stringify(body))
  })

  it('may hold 64 KiB', async () => {
    expect((await post(shop, { padding: 'x'.repeat(70_000) })).status).toBe(413)
  })

  it('has a limit of its own, which leaves its neighbours theirs', async () => {
    const limited = connect(
      await startGateway({ ADDRESS_LIMIT_PER_MINUTE: '1', WEBHOOK_LIMIT_PER_MINUTE: '2' }),
    )

    const statuses = []
    for (let sent = 0; sent < 3; sent++) statuses.push((await post(limited)).status)

    expect(statuses).toEqual([204, 204, 429])
    expect((await limited.ask('POST', '/api/v1/session')).status).toBe(201)
  })
})

describe('a branch of two phases', () => {
  it('is nothing that the gateway knows', async () => {
    mesh.answer(tryPayment, () => ({ status: 200 }))

    const answer = await shop.ask('PUT', `/api/v1/branches/payment/${newId()}/try`, { body: {} })

    expect(answer.status).toBe(404)
    expect(mesh.requests).toEqual([])
  })
})
