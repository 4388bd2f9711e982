export interface FieldError {
  /** JSON pointer (RFC 6901) into the body, or `?name`, `{name}`, `Header-Name` for the other parts. */
  pointer: string
  detail: string
}

/** One kind of refusal: its HTTP status and its title (RFC 9457). */
export interface ProblemKind {
  status: number
  title: string
}

/** What the library itself refuses. */
export const OWN_PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request is invalid' },
  'invalid-json': { status: 400, title: 'The body is not valid JSON' },
  'idempotency-key-missing': { status: 400, title: 'This request needs an Idempotency-Key' },
  unauthenticated: { status: 401, title: 'This request needs a valid token' },
  forbidden: { status: 403, title: 'This token may not do that' },
  'caller-refused': { status: 403, title: 'This service may not call that one' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'This path does not answer that method' },
  'request-in-progress': { status: 409, title: 'Another request for the same resource is in progress' },
  'letter-settled': { status: 409, title: 'The dead letter is already settled' },
  'branch-settled': { status: 409, title: 'The branch was already decided the other way' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json' },
  'idempotency-key-reused': { status: 422, title: 'This Idempotency-Key was used for another request' },
  'internal-error': { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'A required service is unavailable' },
  overloaded: { status: 503, title: 'The service is overloaded' },
  'deadline-exceeded': { status: 504, title: 'The deadline of the request has passed' },
} as const satisfies Record<string, ProblemKind>

interface Extra {
  errors?: FieldError[] | undefined
  /** Asks to try again after this many seconds. */
  retryAfterS?: number
}

/** What the rules foresee and refuse. Nothing has changed when it is thrown out of a transaction. */
export class Refusal extends Error {
  readonly slug: string
  readonly status: number
  readonly title: string
  readonly errors: FieldError[] | undefined
  readonly retryAfterS: number | undefined

  constructor(
    { slug, status, title }: ProblemKind & { slug: string },
    detail: string,
    { errors, retryAfterS }: Extra = {},
  ) {
    super(detail)
    this.slug = slug
    this.status = status
    this.title = title
    this.errors = errors
    this.retryAfterS = retryAfterS
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

/**
 * Another transaction held the same rows for as long as a lock is waited for: the request competes with another one
 * for what it wants to change, and neither the database nor this instance is at fault.
 */
export class Contended extends Unavailable {}

/** Makes refusals out of a table of problems, by their slugs. */
export function refuserOf<P extends Record<string, ProblemKind>>(problems: P) {
  return (slug: keyof P & string, detail: string, extra?: Extra): Refusal =>
    new Refusal({ slug, ...problems[slug]! }, detail, extra)
}

export const refuse = refuserOf(OWN_PROBLEMS)

/** An RFC 9457 document. `type` is a path, where a page explains the problem. */
export interface ProblemDocument extends ProblemKind {
  type: string
  detail?: string
  instance?: string
  trace_id?: string
  errors?: FieldError[]
}

const TYPE_PREFIX = '/problems/'

export function problemDocument(
  { slug, title, status, message: detail, errors }: Refusal,
  about: Pick<ProblemDocument, 'instance' | 'trace_id'> = {},
): ProblemDocument {
  return { type: TYPE_PREFIX + slug, title, status, detail, ...about, ...(errors && { errors }) }
}

/** The refusal that a document was made from; undefined for what is no problem document of this system. */
export function refusalOf(content: unknown): Refusal | undefined {
  const { type, title, status, detail = '', errors } = (content ?? {}) as Partial<ProblemDocument>
  if (typeof type !== 'string' || !type.startsWith(TYPE_PREFIX)) return undefined
  if (typeof title !== 'string' || typeof status !== 'number' || typeof detail !== 'string') return undefined
  return new Refusal({ slug: type.slice(TYPE_PREFIX.length), title, status }, detail, { errors })
}
