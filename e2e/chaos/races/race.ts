import { setTimeout as delay } from 'node:timers/promises'
import type { CancelReason, Status } from '@lepton/contracts/order'
import { FINAL_STATUSES } from '@lepton/contracts/statuses'
import { act, type Actor, order } from '../driver/acts.ts'
import { untilDecided } from '../failpoints/insist.ts'
import type { Operation } from '../history.ts'
import { type Aim, createAim } from './aim.ts'
import type { Ticks } from './ticks.ts'

/** An order that is not paid, and one that is paid slowly: by when they are decided. */
export const PAYMENT_WAIT_MS = 2_000
export const DEADLINE_MS = 2_900
/** How long the processor takes for the slow card. */
const SLOW_CARD_MS = 3_000
/** A deadline passes this long before a timer's round, so that the other instance's timer does not come first. */
const MARGIN_MS = 60
const FINAL_TIMEOUT_MS = 30_000
/** At first a cancel is sent so much before the moment in which it should be decided. */
const WAY_MS = 8
const SAGA_MS = 50
const SLOW_SAGA_MS = 90

export const RACES = ['cancel, authorise', 'cancel, deadline', 'cancel, authorise, deadline'] as const
export type Race = (typeof RACES)[number]

export interface Ended {
  race: Race
  order_id: string
  status: Status
  reason: CancelReason | null
}

export interface Racing {
  run(race: Race, actor: Actor): Promise<Ended | undefined>
}

/** Brings two or three who want to decide about an order to it in the same few milliseconds. */
export function createRacing(ticks: Ticks): Racing {
  const untilAuthorised = createAim(SAGA_MS)
  const afterTick = createAim(-WAY_MS)
  const authorisedLate = createAim(SLOW_SAGA_MS)

  /** A cancel that won came early, one that lost came late. */
  const learn = (aim: Aim, reason: CancelReason | null) => aim.learn(reason === 'CUSTOMER' ? 1 : -1)

  const runners: Record<Race, (actor: Actor) => Promise<Ended | undefined>> = {
    'cancel, authorise': async (actor) => {
      const placedAtMs = Date.now()
      const order_id = await place(actor, 'tok_approved')
      if (order_id === undefined) return undefined
      await untilMs(placedAtMs + untilAuthorised.next(actor.random))
      const ended = await cancelled(actor, 'cancel, authorise', order_id)
      learn(untilAuthorised, ended.reason)
      return ended
    },
    'cancel, deadline': async (actor) => {
      const tick = ticks.after(Date.now() + PAYMENT_WAIT_MS + MARGIN_MS)
      await untilMs(tick.atMs() - PAYMENT_WAIT_MS - MARGIN_MS)
      const order_id = await place(actor, undefined)
      if (order_id === undefined) return undefined
      await untilMs(tick.atMs() - 2 * MARGIN_MS)
      await untilMs(tick.atMs() + afterTick.next(actor.random))
      const ended = await cancelled(actor, 'cancel, deadline', order_id)
      learn(afterTick, ended.reason)
      return ended
    },
    'cancel, authorise, deadline': async (actor) => {
      const tick = ticks.after(Date.now() + SLOW_CARD_MS + 2 * MARGIN_MS)
      await untilMs(tick.atMs() - SLOW_CARD_MS - authorisedLate.next(actor.random))
      const order_id = await place(actor, 'tok_slow')
      if (order_id === undefined) return undefined
      await untilMs(tick.atMs() - 2 * MARGIN_MS)
      await untilMs(tick.atMs() + afterTick.next(actor.random))
      const ended = await cancelled(actor, 'cancel, authorise, deadline', order_id)
      // One of three may win: the authorisation comes earlier by half of what it comes later.
      authorisedLate.learn(ended.reason === null ? -1 : 0.5)
      return ended
    },
  }
  return { run: (race, actor) => runners[race](actor) }
}

/** One more order, whose id is given unless the shop refused it. */
export async function place(actor: Actor, payment_token: string | undefined): Promise<string | undefined> {
  const lines = [{ item_id: actor.goods.hot, quantity: 1 }]
  const paid = payment_token !== undefined
  const body = paid ? { lines, payment_token, mode: 'saga' } : { lines }
  const key = actor.random.uuid()
  const { outcome, order_id } = await order(actor, { kind: paid ? 'place' : 'place_unpaid', key, body })
  return outcome === 'ok' ? order_id : undefined
}

async function cancelled(actor: Actor, race: Race, order_id: string): Promise<Ended> {
  await act(actor, { kind: 'cancel', order_id }, `/orders/${order_id}/cancel`)
  const read = () => act(actor, { kind: 'read_order', order_id }, `/orders/${order_id}`, 'GET')
  const { answer } = await untilDecided(read, isFinal, FINAL_TIMEOUT_MS)
  const { status, reason = null } = answer as Pick<Ended, 'status'> & { reason?: CancelReason | null }
  return { race, order_id, status, reason }
}

function isFinal({ outcome, answer }: Operation): boolean {
  return outcome === 'ok' && FINAL_STATUSES.includes((answer as { status: Status }).status)
}

/** Until a moment of the wall's clock, to a fraction of a millisecond where the timer comes a little early. */
async function untilMs(atMs: number): Promise<void> {
  const leftMs = atMs - Date.now()
  if (leftMs > 0) await delay(leftMs)
}
