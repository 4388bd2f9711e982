import { ask } from '@lepton/common/http/ask'
import type { MeshClient } from '@lepton/common/mesh/client'
import { withDeadline } from '@lepton/common/runtime/deadline'
import type { Signer } from '@lepton/common/http/auth'
import {
  cancelPayment,
  cancelStock,
  confirmPayment,
  confirmStock,
  tryPayment,
  tryStock,
} from '@lepton/contracts/branches'
import type { ReservationState } from '@lepton/contracts/inventory'
import type { PaymentState } from '@lepton/contracts/payment'
import type { RouteDefinition } from '@lepton/contracts/route'
import type { Placement, TryResult } from './order.ts'
import { settleParticipant } from './participants.ts'
import type { BranchName, DueTransaction } from './transaction-store.ts'

interface Neighbours {
  mesh: MeshClient
  signer: Signer
  branchTimeoutMs: number
}

/** What a branch's state says about its try. Only what names a decision is one. */
const STOCK_TRIED: Record<ReservationState, TryResult> = {
  NONE: 'unanswered',
  HELD: 'accepted',
  REJECTED: 'refused',
  RELEASED: 'unanswered',
  COMMITTED: 'accepted',
  RESTOCKED: 'unanswered',
}
const PAYMENT_TRIED: Record<PaymentState, TryResult> = {
  NONE: 'unanswered',
  INTENT: 'unanswered',
  AUTHORIZING: 'unanswered',
  AUTHORIZED: 'accepted',
  DECLINED: 'refused',
  CAPTURING: 'accepted',
  CAPTURED: 'accepted',
  CAPTURE_FAILED: 'accepted',
  VOIDING: 'unanswered',
  VOIDED: 'unanswered',
  REFUNDING: 'unanswered',
  REFUNDED: 'unanswered',
}

const SECOND_PHASE = {
  CONFIRMING: { stock: confirmStock, payment: confirmPayment },
  CANCELLING: { stock: cancelStock, payment: cancelPayment },
} as const

/** @throws Refusal where the branch was cancelled, Unavailable where it does not answer in time */
export async function tryStockOf(neighbours: Neighbours, placement: Placement): Promise<TryResult> {
  const { lines, deadline } = placement
  const body = { lines: lines.map(({ item_id, quantity }) => ({ item_id, quantity })), deadline }
  const { state } = await askBranch(neighbours, tryStock, placement.order_id, body)
  return STOCK_TRIED[state]
}

/** @throws Refusal where the branch was cancelled, Unavailable where it does not answer in time */
export async function tryPaymentOf(neighbours: Neighbours, placement: Placement): Promise<TryResult> {
  const { customer_id, amount_minor, currency, payment_token } = placement
  const body = { customer_id, amount_minor, currency, payment_token }
  const { state } = await askBranch(neighbours, tryPayment, placement.order_id, body)
  return PAYMENT_TRIED[state]
}

/** @throws Refusal `branch-settled` where the branch contradicts the decision */
export async function settleBranch(
  neighbours: Neighbours,
  { gid, participants }: Pick<DueTransaction, 'gid' | 'participants'>,
  branch: string,
  state: keyof typeof SECOND_PHASE,
): Promise<void> {
  if (participants !== null) return settleParticipant(neighbours, { gid, participants }, branch, state)
  await askBranch(neighbours, SECOND_PHASE[state][branch as BranchName], gid)
}

async function askBranch<R extends RouteDefinition>(
  { mesh, signer, branchTimeoutMs }: Neighbours,
  route: R,
  order_id: string,
  body?: object,
) {
  return withDeadline(branchTimeoutMs, () =>
    ask(mesh, route, { params: { order_id }, as: signer.as, ...(body !== undefined && { body }) }),
  )
}
