import { connect } from './connect.ts'
import { lepton } from './lepton.ts'
import { axiosWithOpossum, cockatiel, grpc, moleculer, moleculerWithResilience } from './others.ts'
import type { Peer } from './peer.ts'
import { bareSocket } from './socket.ts'
import { balancedPool, pool } from './undici.ts'

/** The first is what the others are compared with. */
export const PEERS = {
  'undici Pool, bare': pool,
  'undici BalancedPool': balancedPool,
  'bare socket': bareSocket,
  'Lepton, http1': lepton('http1'),
  'Lepton, http2': lepton('http2'),
  'Lepton, grpc': lepton('grpc'),
  'Lepton, frames': lepton('frames'),
  'Lepton, http1, TLS': lepton('http1', { isSecure: true }),
  'Lepton, http2, TLS': lepton('http2', { isSecure: true }),
  'Lepton, frames, TLS': lepton('frames', { isSecure: true }),
  'Moleculer TCP': moleculer,
  'Moleculer TCP, resilience': moleculerWithResilience,
  'grpc-js': grpc,
  'Connect, HTTP/2': connect,
  'cockatiel over Pool': cockatiel,
  'opossum + axios': axiosWithOpossum,
} satisfies Record<string, Peer>

export type PeerName = keyof typeof PEERS
