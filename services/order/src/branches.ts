import { ask } from '@lepton/common/ask'
import type { MeshClient } from '@lepton/common/mesh/client'
import { withDeadline } from '@lepton/common/mesh/deadline'
import type { Signer } from '@lepton/common/auth'
import {
  cancelPayment,
  cancelStock,
  confirmPayment,
  confirmStock,
  tryPayment,
  tryStock,
} from '@lepton/contracts/branches'
import type { RouteDefinition } from '@lepton/contracts/route'
import type { Placement } from './order.ts'
import type { BranchName } from './transactions.ts'

interface Neighbours {
  mesh: MeshClient
  signer: Signer
  branchTimeoutMs: number
}

export type TryResult = 'accepted' | 'refused'

const SECOND_PHASE = {
  CONFIRMING: { stock: confirmStock, payment: confirmPayment },
  CANCELLING: { stock: cancelStock, payment: cancelPayment },
} as const

/** @throws Refusal where the branch was cancelled, Unavailable where it does not answer in time */
export async function tryStockOf(neighbours: Neighbours, placement: Placement): Promise<TryResult> {
  const { lines, deadline } = placement
  const body = { lines: lines.map(({ item_id, quantity }) => ({ item_id, quantity })), deadline }
  const { state } = await askBranch(neighbours, tryStock, placement.order_id, body)
  return state === 'REJECTED' ? 'refused' : 'accepted'
}

/** @throws Refusal where the branch was cancelled, Unavailable where the outcome is not known in time */
export async function tryPaymentOf(neighbours: Neighbours, placement: Placement): Promise<TryResult> {
  const { customer_id, amount_minor, currency, payment_token } = placement
  const body = { customer_id, amount_minor, currency, payment_token }
  const { state } = await askBranch(neighbours, tryPayment, placement.order_id, body)
  return state === 'DECLINED' ? 'refused' : 'accepted'
}

/** @throws Refusal `branch-settled` where the branch contradicts the decision */
export async function settleBranch(
  neighbours: Neighbours,
  gid: string,
  branch: BranchName,
  state: keyof typeof SECOND_PHASE,
): Promise<void> {
  await askBranch(neighbours, SECOND_PHASE[state][branch], gid)
}

async function askBranch<R extends RouteDefinition>(
  { mesh, signer, branchTimeoutMs }: Neighbours,
  route: R,
  order_id: string,
  body?: object,
) {
  const token = await signer.serviceToken(route.operation)
  return withDeadline(branchTimeoutMs, () =>
    ask(mesh, route, { params: { order_id }, token, ...(body !== undefined && { body }) }),
  )
}
