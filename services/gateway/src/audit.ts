import { setTimeout as delay } from 'node:timers/promises'
import { ask } from '@lepton/common/http/ask'
import { decodeCursor, encodeCursor, isUuid } from '@lepton/common/runtime/cursor'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { MeshClient } from '@lepton/common/mesh/client'
import {
  auditCheckouts,
  auditOrders,
  auditPayments,
  auditReservations,
  FIRST_ID,
  LAST_ID,
  reconcileShop,
  type Violation,
} from '@lepton/contracts/audit'
import { compare, type Story } from './reconcile.ts'

/** Services answer one after the other while orders go on: what is contradicted only once was in between. */
const SECOND_LOOKS = 3
const SECOND_LOOK_AFTER_MS = 700
const MAX_SECOND_LOOKS_AT = 20

export interface Reconciled {
  orders: number
  settled: number
  violations: Violation[]
  /** Where the next part begins; undefined when this was the last. */
  next: string | undefined
}

export function reconcileEndpoint(mesh: MeshClient): Endpoint {
  return answer(reconcileShop, async ({ query: { cursor, limit }, caller }) => {
    const from = cursor === undefined ? FIRST_ID : decodeCursor(cursor, [isUuid])[0]!
    const { next, ...part } = await reconcileFrom(mesh, from, limit, caller.token)
    const next_cursor = next === undefined ? null : encodeCursor([next])
    return { status: 200, body: { ...part, next_cursor, checked_at: new Date().toISOString() } }
  })
}

/** Checks a part of all orders, beginning with an id, against what every service and the card processor say. */
export async function reconcileFrom(
  mesh: MeshClient,
  from: string,
  limit: number,
  token: string,
): Promise<Reconciled> {
  const { story, findings, to } = await read(mesh, { from, to: LAST_ID, limit, token })
  const { orders } = story
  const certain = await lookAgain(mesh, compare(story), token)
  return {
    orders: orders.length,
    settled: orders.filter(({ is_settled }) => is_settled).length,
    violations: [...findings, ...certain],
    next: to === LAST_ID ? undefined : successor(to),
  }
}

async function lookAgain(mesh: MeshClient, seen: Violation[], token: string): Promise<Violation[]> {
  let left = seen
  for (let look = 0; look < SECOND_LOOKS && left.length > 0; look++) {
    await delay(SECOND_LOOK_AFTER_MS)
    const ids = [...new Set(left.flatMap(({ order_id }) => order_id ?? []))].slice(0, MAX_SECOND_LOOKS_AT)
    const stories = await Promise.all(ids.map((id) => read(mesh, { from: id, to: id, limit: 1, token })))
    const still = stories.flatMap(({ story }) => compare(story))
    left = left.filter(
      (one) =>
        !ids.includes(one.order_id!) ||
        still.some(({ order_id, what }) => order_id === one.order_id && what === one.what),
    )
  }
  return left
}

async function read(
  mesh: MeshClient,
  { from, to, limit, token }: { from: string; to: string; limit: number; token: string },
): Promise<{ story: Story; findings: Violation[]; to: string }> {
  const orders = await ask(mesh, auditOrders, { query: { from, to, limit: String(limit) }, token })
  const last = orders.items.length === limit ? orders.items.at(-1)!.order_id : to
  const question = { query: { from, to: last }, token }
  const [reservations, payments, checkouts] = await Promise.all([
    ask(mesh, auditReservations, question),
    ask(mesh, auditPayments, question),
    ask(mesh, auditCheckouts, question),
  ])
  return {
    story: {
      orders: orders.items,
      reservations: reservations.items,
      payments: payments.items,
      charges: payments.charges,
      checkouts: checkouts.items,
    },
    findings: [orders, reservations, payments, checkouts].flatMap((part) => part.findings),
    to: last,
  }
}

/** The next id after this one. */
function successor(id: string): string {
  const next = (BigInt(`0x${id.replaceAll('-', '')}`) + 1n).toString(16).padStart(32, '0')
  return next.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
