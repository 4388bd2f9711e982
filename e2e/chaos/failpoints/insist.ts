import { setTimeout as delay } from 'node:timers/promises'
import type { Status } from '@lepton/contracts/order'
import { FINAL_STATUSES } from '@lepton/contracts/statuses'
import { act, type Actor, order } from '../driver/acts.ts'
import type { Operation } from '../history.ts'

const RETRY_MS = 100
const DECIDED_TIMEOUT_MS = 30_000
const FINAL_TIMEOUT_MS = 60_000

type Asked = Parameters<typeof order>[1]

/** Asks again with the same key until the shop has decided: what a customer's client does. */
export async function insist(actor: Actor, asked: Asked): Promise<Operation> {
  return untilDecided(() => order(actor, asked))
}

export async function insistOn(
  actor: Actor,
  asked: Parameters<typeof act>[1],
  path: string,
  isDecided: (done: Operation) => boolean = isAnswered,
): Promise<Operation> {
  return untilDecided(() => act(actor, asked, path), isDecided)
}

/** Waits until an order is final, as its customer sees it. */
export async function untilFinal(actor: Actor, order_id: string): Promise<void> {
  const isFinal = ({ outcome, answer }: Operation) =>
    outcome === 'ok' && FINAL_STATUSES.includes((answer as { status: Status }).status)
  const read = () => act(actor, { kind: 'read_order', order_id }, `/orders/${order_id}`, 'GET')
  await untilDecided(read, isFinal, FINAL_TIMEOUT_MS)
}

export async function untilDecided(
  attempt: () => Promise<Operation>,
  isDecided = isAnswered,
  timeoutMs = DECIDED_TIMEOUT_MS,
): Promise<Operation> {
  const endsAt = performance.now() + timeoutMs
  for (;;) {
    const done = await attempt()
    if (isDecided(done)) return done
    if (performance.now() > endsAt) {
      const { kind, order_id = '', status, error } = done
      throw new Error(`${kind} ${order_id} is not decided after ${timeoutMs} ms: ${error ?? String(status)}`)
    }
    await delay(RETRY_MS)
  }
}

/** A success or a refusal for good; not a fault, nor a "not yet". */
function isAnswered({ outcome, status = 0, problem }: Operation): boolean {
  return (
    outcome === 'ok' || (outcome === 'fail' && status !== 0 && status < 500 && problem !== 'order-not-ready')
  )
}
