import { retryAfterMs } from '@lepton/common/runtime/retry-after'
import type { Answer } from '@lepton/common/mesh/transport'
import { Charge, ChargeRefused } from '@lepton/contracts/psp'

/** What the processor decided: a charge and the state it is in, or why the request is refused. */
export type PspAnswer = { charge: Charge } | { refusal: string }

/** It is unknown what became of a request: it is sent again with the same key, after `retryAfterMs` at the least. */
export class OutcomeUnknown extends Error {
  readonly retryAfterMs: number

  constructor(message: string, { retryAfterMs = 0, cause }: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause })
    this.retryAfterMs = retryAfterMs
  }
}

type Read = Pick<Answer, 'status' | 'headers' | 'body'>

/**
 * Reads what the processor answered to a movement of money. Only what it documents as a decision is one: a charge,
 * a 402, a 422 with the body of a refusal. A limit, a conflict, a login that failed, a path that is gone, a fault,
 * a redirect and a body that cannot be read say nothing about the money.
 *
 * @throws OutcomeUnknown for everything that is no decision
 */
export function readAnswer(answer: Read, clock: { nowMs: number; mostMs: number }): PspAnswer {
  const body = jsonOf(answer)
  switch (answer.status) {
    case 200: {
      const charge = Charge.safeParse(body)
      if (charge.success) return { charge: charge.data }
      break
    }
    case 402:
      return { refusal: ChargeRefused.safeParse(body).data?.detail ?? 'the processor refused the payment' }
    case 422: {
      const refused = ChargeRefused.safeParse(body)
      if (refused.success && !isProblem(answer)) return { refusal: refused.data.detail }
    }
  }
  throw unknownOutcome(answer, clock)
}

export function unknownOutcome(
  { status, headers }: Pick<Read, 'status' | 'headers'>,
  clock: { nowMs: number; mostMs: number },
): OutcomeUnknown {
  const waitMs = retryAfterMs(headers['retry-after'], clock)
  return new OutcomeUnknown(`the processor answered ${status}, which decides nothing`, {
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  })
}

/** The body as JSON; undefined where it is none. */
export function jsonOf({ body }: Pick<Read, 'body'>): unknown {
  try {
    return JSON.parse(body.toString()) as unknown
  } catch {
    return undefined
  }
}

function isProblem({ headers }: Pick<Read, 'headers'>): boolean {
  return headers['content-type']?.includes('problem') === true
}
