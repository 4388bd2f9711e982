import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'

/** A request that came in by whatever transport. */
export interface Inbound {
  method: string
  /** With its query. */
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
  /** Aborted when the answer is not wanted any more. */
  signal: AbortSignal
  remoteAddress: string | undefined
  /** The service that asks, where its certificate says so. */
  caller: string | undefined
}

export interface Outbound {
  status: number
  headers: OutgoingHttpHeaders
  body: Buffer | string
}

export type InboundHandler = (request: Inbound) => Promise<Outbound>
