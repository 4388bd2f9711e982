import { z } from 'zod'
import { Instant, text, Uuid } from './fields.ts'
import { route } from './route.ts'

/** What started the shop: `npm start`, Docker Compose, Kubernetes, or something that the shop does not know. */
export const RUNTIMES = ['local', 'compose', 'kubernetes', 'external'] as const

export const Session = z.object({
  token: z.string(),
  customer_id: Uuid,
  role: z.enum(['customer', 'operator']),
  expires_at: Instant,
})

export const OperatorSignIn = z
  .strictObject({
    secret: text(200),
    /** Who signs in: what the audit trail names. */
    name: text(60).default('operator'),
  })
  .meta({ examples: [{ secret: 'the content of .lepton/secrets/operator.secret', name: 'Ada' }] })

/** Who asks, by both cookies or by a token, and what this shop lets a page do. */
export const CurrentSession = z.object({
  customer: z.object({ customer_id: Uuid, expires_at: Instant }).nullable(),
  operator: z.object({ name: z.string(), expires_at: Instant }).nullable(),
  runtime: z.enum(RUNTIMES),
  /** Whether `POST /session/operator/demo` from a page of this shop would be granted here. */
  demo_operator: z.boolean(),
})
export type CurrentSession = z.infer<typeof CurrentSession>

export const getSession = route({
  operation: 'get_session',
  owner: 'gateway',
  method: 'GET',
  path: '/session',
  summary: 'Who the request is from, as customer and as operator, and how the shop was started',
  access: ['anyone'],
  answers: { 200: CurrentSession },
  problems: [],
})

export const startSession = route({
  operation: 'start_session',
  owner: 'gateway',
  method: 'POST',
  path: '/session',
  summary:
    "A guest shopper's token and cookie. With a token, also an expired one, or a cookie: a fresh token of the same shopper",
  access: ['anyone'],
  answers: { 201: Session },
  problems: ['forbidden'],
})

export const signInOperator = route({
  operation: 'sign_in_operator',
  owner: 'gateway',
  method: 'POST',
  path: '/session/operator',
  summary: "An operator's token and cookie, for the secret that was generated at first start",
  access: ['anyone'],
  body: OperatorSignIn,
  answers: { 201: Session },
  problems: ['unauthenticated', 'forbidden'],
})

export const signInDemoOperator = route({
  operation: 'sign_in_demo_operator',
  owner: 'gateway',
  method: 'POST',
  path: '/session/operator/demo',
  summary:
    "An operator's token and cookie without the secret: in development, for a page of this shop on its own machine",
  access: ['anyone'],
  answers: { 201: Session },
  problems: ['forbidden'],
})

export const endSession = route({
  operation: 'end_session',
  owner: 'gateway',
  method: 'DELETE',
  path: '/session',
  summary:
    'Sign out, as one role or as both: clears the cookies, and the gateway takes no more tokens of these sessions',
  access: ['anyone'],
  query: z.strictObject({ role: z.enum(['customer', 'operator']).optional() }),
  answers: { 204: null },
  problems: ['forbidden'],
})

export const SESSION_ROUTES = [getSession, startSession, signInOperator, signInDemoOperator, endSession]
