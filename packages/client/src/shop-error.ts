import type { Problem } from '@lepton/contracts/problems'

/** What the shop refused, or could not answer, as its problem document says (RFC 9457). */
export class ShopError extends Error {
  override readonly name = 'ShopError'
  /** The last part of the problem's type, such as `cart-changed`; `no-answer` where nothing came back. */
  readonly slug: string
  /** 0 where nothing came back. */
  readonly status: number
  readonly problem: Problem
  /** What the shop asks to wait before the same request is sent again, in ms. */
  readonly retryAfterMs: number | undefined

  constructor(problem: Problem, retryAfterMs?: number, cause?: unknown) {
    super(problem.detail ?? problem.title, { cause })
    this.slug = problem.type.replace(/^.*\/problems\//, '')
    this.status = problem.status
    this.problem = problem
    this.retryAfterMs = retryAfterMs
  }

  /** What the problem says of one field of the body, by its JSON pointer: `/lines/0/item_id`. */
  fieldError(pointer: string): string | undefined {
    return this.problem.errors?.find((error) => error.pointer === pointer)?.detail
  }
}

/** The problem that an answer holds. A proxy's error page holds none: its status has to do. */
export async function errorOf(answer: Response): Promise<ShopError> {
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN)
  const isProblem = answer.headers.get('content-type')?.includes('json') === true
  const body = isProblem ? ((await answer.json().catch(() => undefined)) as Problem | undefined) : undefined
  const problem = body ?? {
    type: 'about:blank',
    title: `The shop answered ${answer.status}`,
    status: answer.status,
  }
  return new ShopError(problem, Number.isFinite(seconds) ? seconds * 1_000 : undefined)
}

export function noAnswer(cause: unknown): ShopError {
  return new ShopError({ type: 'no-answer', title: 'The shop does not answer', status: 0 }, undefined, cause)
}
