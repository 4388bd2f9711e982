import { BUCKET_MS, type Bucket } from './outcome.ts'
import { KINDS } from './peer.ts'
import type { Result } from './run.ts'
import { BEGINS_MS, ENDS_MS, type Scenario } from './scenarios.ts'

const COLUMNS = [
  'fault',
  'client',
  ...KINDS.map((kind) => `failed, ${kind}`),
  'in flight',
  "first one's share while it lasts",
  'p99 while it lasts',
  'p99 after',
]
export const TITLES = `${line(COLUMNS)}${line(COLUMNS.map(() => '---'))}`

export function row({ name }: Scenario, peer: string, { buckets, inFlight }: Result): string {
  const during = buckets.slice(BEGINS_MS / BUCKET_MS, ENDS_MS / BUCKET_MS)
  const after = buckets.slice(ENDS_MS / BUCKET_MS)
  const sum = (of: (bucket: Bucket) => number) => buckets.reduce((total, bucket) => total + of(bucket), 0)
  const shares = during.flatMap(({ share }) => share ?? [])
  const share = shares.reduce((total, one) => total + one, 0) / Math.max(1, shares.length)
  return line([
    name,
    peer,
    ...KINDS.map((kind) => `${sum(({ failed }) => failed[kind])} of ${sum(({ sent }) => sent[kind])}`),
    String(inFlight),
    `${(100 * share).toFixed(1)} %`,
    ...[during, after].map((part) => `${median(part.map(({ p99Ms }) => p99Ms)).toFixed(1)} ms`),
  ])
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
