import { z } from 'zod'

/** Everything a request may be refused with: the only list, which OpenAPI and the problem pages are made from. */
export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request is invalid' },
  'invalid-json': { status: 400, title: 'The body is not valid JSON' },
  'idempotency-key-missing': { status: 400, title: 'This request needs an Idempotency-Key' },
  unauthenticated: { status: 401, title: 'This request needs a valid token' },
  'signature-invalid': { status: 401, title: 'The signature is invalid' },
  forbidden: { status: 403, title: 'This token may not do that' },
  'caller-refused': { status: 403, title: 'This service may not call that one' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'This path does not answer that method' },
  'order-not-ready': { status: 409, title: 'The order is not ready for that' },
  'order-settled': { status: 409, title: 'The order is already decided' },
  'payment-settled': { status: 409, title: 'The payment is already decided' },
  'cart-changed': { status: 409, title: 'The cart has changed since it was shown' },
  'receipt-reused': { status: 409, title: 'This receipt was booked with another quantity' },
  'request-in-progress': { status: 409, title: 'Another request for the same resource is in progress' },
  'too-many-open-orders': { status: 409, title: 'Too many open orders' },
  'letter-settled': { status: 409, title: 'The dead letter is already settled' },
  'branch-settled': { status: 409, title: 'The branch was already decided the other way' },
  'transaction-cancelled': { status: 409, title: 'The transaction was cancelled' },
  'event-type-taken': { status: 409, title: 'This type of events has another schema' },
  'not-possible-here': { status: 409, title: 'This is not possible in this installation' },
  'not-a-participant': { status: 422, title: 'The service takes no part in transactions' },
  'unknown-event-type': { status: 422, title: 'There is no such type of events' },
  'address-not-allowed': { status: 422, title: 'No service may be registered at this address' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json' },
  'cart-empty': { status: 422, title: 'The cart is empty' },
  'cart-full': { status: 422, title: 'The cart is full' },
  'duplicate-lines': { status: 422, title: 'Each item may appear in one line only' },
  'payment-token-missing': { status: 422, title: 'This mode needs a payment token' },
  'unknown-item': { status: 422, title: 'There is no such item in the catalogue' },
  'idempotency-key-reused': { status: 422, title: 'This Idempotency-Key was used for another request' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'internal-error': { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'A required service is unavailable' },
  overloaded: { status: 503, title: 'The service is overloaded' },
  'deadline-exceeded': { status: 504, title: 'The deadline of the request has passed' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemSlug = keyof typeof PROBLEMS

/** RFC 9457 problem document. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  instance: z.string().optional(),
  trace_id: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
})
export type Problem = z.infer<typeof Problem>
