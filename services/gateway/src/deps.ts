import type { Streams } from '@lepton/common/http/event-stream'
import type { InboundLimit } from '@lepton/common/http/inbound-limit'
import type { Log } from '@lepton/common/runtime/log'
import type { MeshClient } from '@lepton/common/mesh/client'
import type { RequestHandler } from 'express'
import type { Settings } from './config.ts'
import type { Exchange } from './exchange.ts'
import type { Identity } from './identity.ts'
import type { Room } from './room.ts'

export interface GatewayDeps {
  mesh: MeshClient
  inbound: InboundLimit
  streams: Streams
  /** The places that the order service has left. */
  room: Room
  /** The caller's token for one service. */
  tokenFor: Exchange
  log: Log
  identity: Identity
  isDevelopment: boolean
  runtime: Settings['RUNTIME']
  operatorSecret: string
  /** What one subject may ask a minute and at once; shared by all doors to the same things. */
  limitCaller: RequestHandler[]
  limitStreams: RequestHandler[]
  limitSession: RequestHandler
  limitWebhooks: RequestHandler
  upstreamTimeoutMs: number
}
