import { afterAll } from '@jest/globals'
import { createStreams, type Streams } from '@lepton/common/http/event-stream'
import { unlimited } from '@lepton/common/http/inbound-limit'
import { createLog } from '@lepton/common/runtime/log'
import { createMetrics } from '@lepton/common/runtime/metrics'
import { closeServer, startServer } from '@lepton/common/http/server'
import { createIdentity } from '@lepton/testing/identity'
import { createFakeMesh } from '@lepton/testing/mesh'
import { createShopClient, type ShopClient } from '@lepton/testing/shop-client'
import { createGatewayApp } from '../src/app.ts'
import { settings } from '../src/config.ts'

/** Gateways for the tests of one file, with other services as far as the test says what they answer. */
export function useGateway() {
  const identity = createIdentity()
  const mesh = createFakeMesh()
  const closing: (() => Promise<void>)[] = []
  /** Of the gateways that were started, the latest last. */
  const streamsOf: Streams[] = []
  const lines: Record<string, unknown>[] = []
  const log = createLog(
    { service: 'gateway', instance: 'gateway-1', level: 'info' },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  )
  afterAll(async () => {
    for (const close of closing) await close()
    identity.remove()
  })

  async function startGateway(overrides: Record<string, string> = {}): Promise<string> {
    const parsed = settings.parse({
      INSTANCE: 'gateway-1',
      CONSUL_HTTP_ADDR: 'http://127.0.0.1:8500',
      STATE_DIR: '/tmp',
      LEPTON_ENV: 'development',
      JWT_KEY_FILE: identity.secrets.keyFiles.gateway,
      JWKS_FILE: identity.secrets.jwksFile,
      OPERATOR_SECRET_FILE: identity.secrets.operatorSecretFile,
      ...overrides,
    })
    const metrics = createMetrics()
    const streams = createStreams({ max: parsed.MAX_STREAMS, metrics, name: 'gateway' })
    streamsOf.push(streams)
    const instance = {
      service: 'gateway',
      name: 'gateway-1',
      log,
      metrics,
      verify: identity.verify,
      signer: identity.signerOf('gateway'),
      mesh,
      inbound: unlimited,
      streams,
      isReady: () => true,
    }
    const { server, port } = await startServer(createGatewayApp(instance, parsed), {
      HOST: '127.0.0.1',
      PORT: 0,
    })
    closing.push(() => {
      streams.stop()
      return closeServer(server)
    })
    return `http://127.0.0.1:${port}`
  }

  function connect(url: string): ShopClient {
    const client = createShopClient(url)
    closing.unshift(() => client.close())
    return client
  }

  return { identity, mesh, lines, streamsOf, startGateway, connect }
}
