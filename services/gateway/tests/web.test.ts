import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Problem } from '@lepton/contracts/problems'
import type { ShopClient } from '@lepton/testing/shop-client'
import { useGateway } from './gateway.ts'

const PAGE = '<!doctype html><title>Lepton</title>'
const SCRIPT = 'document.title'
const POLICY =
  "default-src 'none';frame-ancestors 'none';script-src 'self';style-src 'self';img-src 'self' data:;font-src 'self';connect-src 'self';base-uri 'none';form-action 'self'"
const { startGateway, connect } = useGateway()
let dir: string
let shop: ShopClient

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lepton-web-'))
  await mkdir(join(dir, 'assets'))
  await writeFile(join(dir, 'index.html'), PAGE)
  await writeFile(join(dir, 'assets', 'index-1a2b.js'), SCRIPT)
  await writeFile(join(dir, 'assets', 'index-1a2b.js.br'), brotliCompressSync(SCRIPT))
  shop = connect(await startGateway({ WEB_DIR: dir, ADDRESS_LIMIT_PER_MINUTE: '5' }))
})

afterAll(() => rm(dir, { recursive: true }))

describe('the pages of the web app', () => {
  it.each(['/', '/shop', '/shop/p/desk-lamp', '/shop?query=lamp', '/lab', '/lab/outbox', '/console/orders'])(
    'are one file, at %s too, which a browser asks for each time',
    async (path) => {
      const { status, headers, body } = await shop.ask('GET', path)

      expect([status, body]).toEqual([200, PAGE])
      expect(headers['cache-control']).toBe('no-cache')
      expect(headers['content-type']).toBe('text/html; charset=utf-8')
      expect(headers['content-security-policy']).toBe(POLICY)
    },
  )

  it('name files that never change, and that come compressed', async () => {
    const { headers } = await shop.ask('GET', '/assets/index-1a2b.js', {
      headers: { 'accept-encoding': 'br' },
    })

    expect(headers).toMatchObject({
      'content-encoding': 'br',
      'cache-control': 'public,max-age=31536000,immutable',
      'content-security-policy': POLICY,
    })
  })

  it('do not use up what their reader may ask the API', async () => {
    for (let count = 0; count < 20; count++) expect((await shop.ask('GET', '/shop')).status).toBe(200)
    expect((await shop.ask('GET', '/problems')).status).toBe(200)
  })
})

describe('everything else', () => {
  it.each([
    ['GET', '/shopping', 404],
    ['GET', '/assets/index-0000.js', 404],
    ['GET', '/assets/../index.html', 404],
    ['GET', '/index.html', 404],
    ['POST', '/shop', 404],
  ] as const)('is no page: %s %s', async (method, path, status) => {
    const gateway = connect(await startGateway({ WEB_DIR: dir }))

    const answer = await gateway.ask<Problem>(method, path)

    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  })

  it('goes on where the web app is not built', async () => {
    const gateway = connect(await startGateway({ WEB_DIR: join(dir, 'nowhere') }))

    expect((await gateway.ask<Problem>('GET', '/shop')).body.type).toBe('/problems/not-found')
    expect((await gateway.ask('GET', '/problems')).status).toBe(200)
  })
})
