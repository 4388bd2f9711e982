import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { askControl } from '@lepton/local/control'
import type { Shop } from '@lepton/local/shop-types'
import { createShopClient, type ShopClient, type Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import { type SpawnedShop, spawnShop } from '../spawned-shop.ts'

// The disk with the shop's data and logs runs full while customers buy, and has room again later.

jest.setTimeout(240_000)

const ARGS = ['--instances', 'cart=1,inventory=1,order=1,payment=1']
const WAIT = { timeoutMs: 90_000, everyMs: 200 }
const LINES = [{ item_id: 'desk-mat', quantity: 1 }]
const BLOCKS = [1_048_576, 4_096, 1]

const folder = mkdtempSync(join(tmpdir(), 'lepton-disk-'))
const mount = () => spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=600m', 'lepton', folder]).status === 0
const unmount = () => spawnSync('umount', ['--lazy', folder])
/** A disk of its own takes the right to mount one. It is given back at once: where no test of this file runs, no hook does. */
const mayMount = process.platform === 'linux' && mount()
if (mayMount) unmount()
const filler = join(folder, 'filler')
let shop: SpawnedShop | undefined
let client: ShopClient
let customer: Shopper
const accepted: string[] = []

beforeAll(() => {
  if (mayMount) expect(mount()).toBe(true)
})

afterAll(async () => {
  await client?.close()
  await shop?.stop()
  if (mayMount) unmount()
  rmSync(folder, { recursive: true })
})

function fill(): void {
  const file = openSync(filler, 'a')
  for (const bytes of BLOCKS) {
    try {
      while (writeSync(file, Buffer.alloc(bytes)) === bytes);
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC')
    }
  }
  closeSync(file)
}

/** What an order is answered with; undefined where there is no answer. */
async function tryToBuy(): Promise<number | undefined> {
  const body = { lines: LINES, payment_token: 'tok_approved', mode: 'saga' }
  const answer = await customer
    .ask<{ order_id: string }>('POST', '/api/v1/orders', { key: randomUUID(), body })
    .catch(() => undefined)
  if (answer?.status === 202) accepted.push(answer.body.order_id)
  return answer?.status
}

type Processes = Record<'servers' | 'instances', ReturnType<Shop['servers']>>
const processes = async () => (await askControl(shop!.stateDir, { command: 'ps', args: [] })) as Processes

;(mayMount ? describe : describe.skip)('a shop on a full disk', () => {
  it('refuses orders, and ends no process but the servers that store', async () => {
    shop = await spawnShop(join(folder, 'shop'), { args: ARGS })
    client = createShopClient(shop.urls.gateway)
    customer = await client.shopper()
    for (let count = 0; count < 5; count++) expect(await tryToBuy()).toBe(202)

    fill()
    await until(
      'a server has ended',
      async () => {
        fill()
        await tryToBuy()
        return (await processes()).servers.some(({ restarts }) => restarts > 0)
      },
      WAIT,
    )

    await until('an order is refused', async () => (await tryToBuy()) === 503, WAIT)
    expect((await processes()).instances.filter(({ restarts }) => restarts > 0)).toEqual([])
  })

  it('finishes every order that it accepted when there is room again', async () => {
    rmSync(filler)
    await until(
      'everything is ready',
      async () => {
        const { servers, instances } = await processes()
        expect([...servers, ...instances].filter(({ status }) => status !== 'ready')).toEqual([])
        return true
      },
      WAIT,
    )

    accepted.push(await customer.place(LINES))
    for (const id of accepted) {
      const { status } = await customer.settled(id, ['COMPLETED'], WAIT.timeoutMs)
      expect(status).toBe('COMPLETED')
    }
    await until(
      'the books to agree',
      async () => (await shop!.command('reconcile')).output.includes('every invariant holds'),
      { ...WAIT, everyMs: 1_000 },
    )
    expect((await processes()).instances.filter(({ restarts }) => restarts > 0)).toEqual([])
  })
})
