import { PROBLEMS, type Problem, type ProblemSlug } from '@lepton/contracts/problems'

export interface FieldError {
  /** JSON pointer (RFC 6901) into the body, or `?name`, `{name}`, `Header-Name` for the other parts. */
  pointer: string
  detail: string
}

/** What the rules foresee and refuse. Nothing has changed when it is thrown out of a transaction. */
export class Refusal extends Error {
  readonly slug: ProblemSlug
  readonly errors: FieldError[] | undefined
  readonly retryAfterS: number | undefined

  constructor(
    slug: ProblemSlug,
    detail: string,
    extra: { errors?: FieldError[]; retryAfterS?: number } = {},
  ) {
    super(detail)
    this.slug = slug
    this.errors = extra.errors
    this.retryAfterS = extra.retryAfterS
  }
}

/** A neighbour or a store is away: answered as 503 with Retry-After, retried by a consumer. */
export class Unavailable extends Error {
  readonly retryAfterS: number
  /** The service whose outage this is, where it is not our own: its callers must not blame us for it. */
  readonly fault: string | undefined

  constructor(what: string, options: { retryAfterS?: number; fault?: string; cause?: unknown } = {}) {
    super(`${what} is not available`, { cause: options.cause })
    this.retryAfterS = options.retryAfterS ?? 1
    this.fault = options.fault
  }
}

export function refuse(
  slug: ProblemSlug,
  detail: string,
  extra?: { errors?: FieldError[]; retryAfterS?: number },
): Refusal {
  return new Refusal(slug, detail, extra)
}

/** The RFC 9457 document of a slug. `type` is a path below the gateway, where a page explains it. */
export function problemDocument(
  slug: ProblemSlug,
  about: { detail?: string; instance?: string; trace_id?: string; errors?: FieldError[] | undefined },
): Problem {
  const { status, title } = PROBLEMS[slug]
  const { errors, ...rest } = about
  return { type: `/problems/${slug}`, title, status, ...rest, ...(errors && { errors }) }
}
