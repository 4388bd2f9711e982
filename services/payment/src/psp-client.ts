import { currentTrace } from '@lepton/common/trace'
import { createTransport, type Exchange, transportDefaults } from '@lepton/common/mesh/transport'
import { type AuditedCharge, exportCharges } from '@lepton/contracts/audit'
import { Charge, ChargeList } from '@lepton/contracts/psp'
import type { Operation, PspResult } from './domain.ts'

export interface PspRequest {
  order_id: string
  op: Operation
  psp_key: string
  amount_minor: number
  currency: 'EUR'
  payment_token: string
  charge_id: string | null
}

export interface PspClient {
  /**
   * Asks the processor; with the same key it does a thing once, however often it is asked.
   *
   * @throws Error when the outcome is unknown: no answer, or a fault on the processor's side
   */
  carryOut(request: PspRequest): Promise<PspResult>
  /** The order's charge as the processor has it, for a key that it may have forgotten. */
  find(orderId: string): Promise<Charge | undefined>
  /** The charges of orders by id, both ends included, with what was moved on them. */
  export(from: string, to: string): Promise<AuditedCharge[]>
}

const PATH = { CAPTURE: 'capture', VOID: 'void', REFUND: 'refund' } as const

export function createPspClient({ url, timeoutMs }: { url: string; timeoutMs: number }): PspClient {
  const { origin } = new URL(url)
  const transport = createTransport(origin, transportDefaults)

  async function send(
    path: string,
    request: Omit<Exchange, 'path' | 'timeoutMs'>,
  ): Promise<{ status: number; body: unknown }> {
    const { status, body } = await transport.exchange({ ...request, path, timeoutMs })
    if (status >= 500) throw new Error(`the processor answered ${status}`)
    return { status, body: JSON.parse(body.toString()) as unknown }
  }

  return {
    carryOut: async (request) => {
      const { status, body } = await send(pathOf(request), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': request.psp_key,
          traceparent: currentTrace()?.traceparent ?? '',
        },
        body: JSON.stringify(request.op === 'AUTH' ? authorization(request) : {}),
      })
      if (status >= 400) return { kind: 'refused', reason: refusalOf(body) }
      const { charge_id, state, decline_reason } = Charge.parse(body)
      return state === 'DECLINED'
        ? { kind: 'refused', reason: decline_reason ?? 'declined' }
        : { kind: 'done', charge_id }
    },
    find: async (orderId) => {
      const { body } = await send(`/charges?merchant_reference=${orderId}`, { method: 'GET', headers: {} })
      return ChargeList.parse(body).items[0]
    },
    export: async (from, to) => {
      const { body } = await send(`${exportCharges.path}?from=${from}&to=${to}`, {
        method: 'GET',
        headers: {},
      })
      return exportCharges.answers[200].parse(body).items
    },
  }
}

function pathOf({ op, charge_id }: PspRequest): string {
  return op === 'AUTH' ? '/charges' : `/charges/${charge_id}/${PATH[op]}`
}

function authorization({ order_id, amount_minor, currency, payment_token }: PspRequest) {
  return { merchant_reference: order_id, amount_minor, currency, payment_token }
}

function refusalOf(body: unknown): string {
  const { detail } = body as { detail?: unknown }
  return typeof detail === 'string' && detail !== '' ? detail.slice(0, 200) : 'refused'
}
