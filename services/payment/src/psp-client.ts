import { Unavailable } from '@lepton/common/runtime/problem'
import { inSpan } from '@lepton/common/runtime/span'
import { traceHeaders } from '@lepton/common/runtime/trace'
import { type Answer, createTransport, type Exchange, transportDefaults } from '@lepton/common/mesh/transport'
import { type AuditedCharge, exportCharges } from '@lepton/contracts/audit'
import { type Charge, ChargeList } from '@lepton/contracts/psp'
import type { z } from 'zod'
import type { Operation } from './domain.ts'
import { jsonOf, OutcomeUnknown, type PspAnswer, readAnswer, unknownOutcome } from './psp-answer.ts'

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
   * @throws OutcomeUnknown when the processor decided nothing that we heard of
   */
  carryOut(request: PspRequest): Promise<PspAnswer>
  /** The order's charges as the processor has them now. @throws OutcomeUnknown when it does not tell */
  find(orderId: string): Promise<Charge[]>
  /**
   * The charges of orders by id, both ends included, with what was moved on them.
   *
   * @throws Unavailable when the processor does not tell
   */
  export(from: string, to: string): Promise<AuditedCharge[]>
}

interface PspSettings {
  url: string
  timeoutMs: number
  /** The longest `Retry-After` that is honoured. */
  maxRetryAfterMs: number
  /** One for each request in flight: a request that waits for a connection uses up its time. */
  connections: number
}

/** Two look-ups and a request fit into the lease of a task. */
const MAX_LOOK_UP_MS = 4_000

const PATH = { CAPTURE: 'capture', VOID: 'void', REFUND: 'refund' } as const

export function createPspClient(settings: PspSettings): PspClient {
  const { url, timeoutMs, maxRetryAfterMs: mostMs, connections } = settings
  const transport = createTransport(new URL(url).origin, { ...transportDefaults, connections })
  const clock = () => ({ nowMs: Date.now(), mostMs })

  async function send(request: Exchange): Promise<Answer> {
    return transport.exchange(request).catch((cause: unknown) => {
      throw new OutcomeUnknown('the processor did not answer', { cause })
    })
  }

  async function read<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> {
    const lookUpMs = Math.min(MAX_LOOK_UP_MS, timeoutMs)
    const answer = await send({ method: 'GET', path, headers: {}, timeoutMs: lookUpMs })
    const parsed = schema.safeParse(answer.status === 200 ? jsonOf(answer) : undefined)
    if (!parsed.success) throw unknownOutcome(answer, clock())
    return parsed.data
  }

  return {
    carryOut: (request) =>
      inSpan({ name: `psp ${request.op}`, kind: 'client' }, async () => {
        const answer = await send({
          method: 'POST',
          path: pathOf(request),
          headers: {
            'content-type': 'application/json',
            'idempotency-key': request.psp_key,
            ...traceHeaders(),
          },
          body: JSON.stringify(request.op === 'AUTH' ? authorization(request) : {}),
          timeoutMs,
        })
        return readAnswer(answer, clock())
      }),
    find: async (orderId) => (await read(`/charges?merchant_reference=${orderId}`, ChargeList)).items,
    export: async (from, to) => {
      const path = `${exportCharges.path}?from=${from}&to=${to}`
      const { items } = await read(path, exportCharges.answers[200]).catch((cause: unknown) => {
        throw new Unavailable('the card processor', { cause })
      })
      return items
    },
  }
}

function pathOf({ op, charge_id }: PspRequest): string {
  return op === 'AUTH' ? '/charges' : `/charges/${charge_id}/${PATH[op]}`
}

function authorization({ order_id, amount_minor, currency, payment_token }: PspRequest) {
  return { merchant_reference: order_id, amount_minor, currency, payment_token }
}
