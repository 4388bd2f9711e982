import type { Kind } from './peer.ts'

/** What became of the requests that began within `BUCKET_MS`. */
export interface Bucket {
  sent: Record<Kind, number>
  failed: Record<Kind, number>
  p99Ms: number
}

export interface Outcome {
  buckets: Bucket[]
  /** The most requests that were in flight at once. */
  inFlight: number
}

export const BUCKET_MS = 200
