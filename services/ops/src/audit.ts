import { setTimeout as delay } from 'node:timers/promises'
import { ask } from '@lepton/common/http/ask'
import { decodeCursor, encodeCursor, isUuid } from '@lepton/common/runtime/cursor'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { As } from '@lepton/common/http/passed'
import type { MeshClient } from '@lepton/common/mesh/client'
import {
  auditCheckouts,
  auditOrders,
  auditPayments,
  auditReservations,
  auditStock,
  FIRST_ID,
  LAST_ID,
  reconcileShop,
  type Violation,
} from '@lepton/contracts/audit'
import { ProductId } from '@lepton/contracts/fields'
import type { Incomplete } from '@lepton/contracts/incomplete'
import { partsOf } from '@lepton/shop/incomplete'
import { compare, type Story } from './reconcile.ts'

/** Services answer one after the other while orders go on: what is contradicted only once was in between. */
const SECOND_LOOKS = 3
const SECOND_LOOK_AFTER_MS = 700
const MAX_SECOND_LOOKS_AT = 20

/** A walk goes through all products, and then through all orders by their ids: `after` a product, or from an order. */
export type Position = { after: string } | { from: string }
export const START: Position = { after: '' }

export interface Reconciled extends Pick<Read, 'incomplete'> {
  orders: number
  settled: number
  violations: Violation[]
  /** Where the next part begins; undefined when this was the last. */
  next: Position | undefined
}

interface Read {
  /** Undefined where a part of it is missing: half a story contradicts itself. */
  story: Story | undefined
  orders: Story['orders']
  findings: Violation[]
  /** The last id that was looked at. */
  to: string
  incomplete: Incomplete[]
}

export function reconcileEndpoint(mesh: MeshClient): Endpoint {
  return answer(reconcileShop, async ({ query: { cursor, limit }, caller }) => {
    const as_of = new Date().toISOString()
    const { next, ...part } = await reconcileFrom(mesh, positionOf(cursor), limit, caller.as)
    return { status: 200, body: { ...part, next_cursor: cursorOf(next), as_of, checked_at: as_of } }
  })
}

function positionOf(cursor: string | undefined): Position {
  if (cursor === undefined) return START
  const [kind, id] = decodeCursor(cursor, [isPosition])[0]!.split(':') as ['after' | 'from', string]
  return kind === 'after' ? { after: id } : { from: id }
}

function isPosition(part: string): boolean {
  const [kind, id, ...rest] = part.split(':')
  if (rest.length > 0) return false
  return kind === 'from' ? isUuid(id ?? '') : kind === 'after' && ProductId.safeParse(id).success
}

function cursorOf(next: Position | undefined): string | null {
  return next === undefined ? null : encodeCursor([Object.entries(next)[0]!.join(':')])
}

/**
 * Checks a part of all products and orders, beginning at a position, against what every service and the card processor
 * say. While a service is away, its neighbours' own findings are all there is.
 */
export async function reconcileFrom(
  mesh: MeshClient,
  position: Position,
  limit: number,
  as: As,
): Promise<Reconciled> {
  if ('from' in position) return reconcileOrders(mesh, position.from, limit, as)
  const { after } = position
  const query = { limit: String(limit), ...(after !== '' && { after }) }
  const { part, incomplete } = await partOf('inventory', () => ask(mesh, auditStock, { query, as }))
  if (typeof part?.next === 'string') {
    return { orders: 0, settled: 0, violations: part.findings, next: { after: part.next }, incomplete }
  }
  const ofOrders = await reconcileOrders(mesh, FIRST_ID, limit, as)
  return {
    ...ofOrders,
    violations: [...(part?.findings ?? []), ...ofOrders.violations],
    incomplete: [
      ...new Map([...incomplete, ...ofOrders.incomplete].map((one) => [one.service, one])).values(),
    ],
  }
}

async function reconcileOrders(mesh: MeshClient, from: string, limit: number, as: As): Promise<Reconciled> {
  const { story, orders, findings, to, incomplete } = await read(mesh, { from, to: LAST_ID, limit, as })
  const certain = story === undefined ? [] : await lookAgain(mesh, compare(story), as)
  return {
    orders: orders.length,
    settled: orders.filter(({ is_settled }) => is_settled).length,
    violations: [...findings, ...certain],
    next: to === LAST_ID ? undefined : { from: successor(to) },
    incomplete,
  }
}

async function lookAgain(mesh: MeshClient, seen: Violation[], as: As): Promise<Violation[]> {
  let left = seen
  for (let look = 0; look < SECOND_LOOKS && left.length > 0; look++) {
    await delay(SECOND_LOOK_AFTER_MS)
    const ids = [...new Set(left.flatMap(({ order_id }) => order_id ?? []))].slice(0, MAX_SECOND_LOOKS_AT)
    const stories = await Promise.all(ids.map((id) => read(mesh, { from: id, to: id, limit: 1, as })))
    // What cannot be looked at again stays as it was seen.
    if (stories.some(({ story }) => story === undefined)) return left
    const still = stories.flatMap(({ story }) => compare(story!))
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
  { from, to, limit, as }: { from: string; to: string; limit: number; as: As },
): Promise<Read> {
  const ofOrders = await partOf('order', () =>
    ask(mesh, auditOrders, { query: { from, to, limit: String(limit) }, as }),
  )
  const orders = ofOrders.part?.items ?? []
  const isLast = orders.length < limit
  // Without the orders there is nothing to compare: the others' own findings come with one id as with all.
  const last = ofOrders.part === undefined ? from : isLast ? to : orders.at(-1)!.order_id
  const question = { query: { from, to: last }, as }
  const [ofInventory, ofPayment, ofCart] = await Promise.all([
    partOf('inventory', () => ask(mesh, auditReservations, question)),
    partOf('payment', () => ask(mesh, auditPayments, question)),
    partOf('cart', () => ask(mesh, auditCheckouts, question)),
  ])
  const all = [ofOrders, ofInventory, ofPayment, ofCart]
  const isWhole = all.every(({ part }) => part !== undefined)
  return {
    story: isWhole
      ? {
          orders,
          reservations: ofInventory.part!.items,
          payments: ofPayment.part!.items,
          charges: ofPayment.part!.charges,
          checkouts: ofCart.part!.items,
        }
      : undefined,
    orders,
    findings: all.flatMap(({ part }) => part?.findings ?? []),
    to: isLast ? to : last,
    incomplete: all.flatMap((one) => one.incomplete),
  }
}

async function partOf<T>(service: string, ask: () => Promise<T>) {
  const { parts, incomplete } = await partsOf([service], ask)
  return { part: parts.get(service), incomplete }
}

/** The next id after this one. */
function successor(id: string): string {
  const next = (BigInt(`0x${id.replaceAll('-', '')}`) + 1n).toString(16).padStart(32, '0')
  return next.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
