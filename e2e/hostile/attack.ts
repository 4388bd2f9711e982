import { Agent, request } from 'node:http'
import { type Agent as SecureAgent, request as requestSecurely } from 'node:https'
import { text } from 'node:stream/consumers'
import { Problem } from '@lepton/contracts/problems'
import { target } from '../journeys/world.ts'
import { patiently } from './overload.ts'

/** One hostile request, and what has to come of it. */
export interface Attack {
  what: string
  /** The finding that this row would have shown. */
  finding?: string
  method: string
  /** Below the gateway, or a whole URL. */
  path: string
  /** For an address with https: shows a certificate. */
  secureAgent?: SecureAgent
  headers?: Record<string, string | string[]>
  body?: unknown
  status: number | readonly number[]
  /** What is wrong with the answer, where a status does not say it. */
  fault?: (answer: Answer) => string | undefined | false
}

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

const AT_ONCE = 16
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
/** What would show how we are built. */
const STACK = /node_modules|\.ts:\d|\bat .+\(.+:\d+:\d+\)/

export function leaveAttacks(): void {
  agent.destroy()
}

/** Sends a request as it is; a body that is no text or bytes becomes JSON. */
export async function send({
  method,
  path,
  headers = {},
  body,
  secureAgent,
}: Pick<Attack, 'method' | 'path' | 'headers' | 'body' | 'secureAgent'>): Promise<Answer> {
  const url = new URL(target.gateway)
  const [whole, origin = '', rest = ''] = /^(https?:\/\/[^/]+)(.*)$/.exec(path) ?? []
  const at = whole === undefined ? url : new URL(origin)
  const bytes =
    body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const asJson = bytes !== undefined && headers['content-type'] === undefined
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const isSecure = at.protocol === 'https:'
  const sent = (isSecure ? requestSecurely : request)(
    {
      agent: isSecure ? secureAgent : agent,
      method,
      host: at.hostname,
      port: at.port,
      path: whole === undefined ? path : rest,
      headers: {
        // Of a DELETE, node sends a body without saying how long it is.
        ...(bytes !== undefined &&
          headers['transfer-encoding'] === undefined && {
            'content-length': String(Buffer.byteLength(bytes)),
          }),
        ...(asJson && { 'content-type': 'application/json' }),
        ...headers,
      },
    },
    (answer) => {
      const { statusCode: status = 0, headers: got } = answer
      // Who is let in to a stream has all that we need to know: it would not end.
      if (got['content-type']?.startsWith('text/event-stream')) {
        answer.destroy()
        resolve({ status, headers: got, body: '' })
      } else void text(answer).then((body) => resolve({ status, headers: got, body }), reject)
    },
  )
  sent.once('error', reject)
  sent.end(bytes)
  return promise
}

/** Sends all of them, many at once, and gives what is wrong with each answer. */
export async function faultsOf(attacks: readonly Attack[]): Promise<string[]> {
  const found: string[] = []
  const left = attacks.values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const attack of left) {
        const answer = await patiently(() => send(attack)).catch((error: unknown) => String(error))
        const fault = typeof answer === 'string' ? answer : faultOf(attack, answer)
        const finding = attack.finding === undefined ? '' : ` (finding ${attack.finding})`
        if (fault) found.push(`${attack.what}${finding}: ${attack.method} ${attack.path}: ${fault}`)
      }
    }),
  )
  return found
}

function faultOf({ status, fault }: Attack, answer: Answer): string | undefined | false {
  const wanted = typeof status === 'number' ? [status] : status
  if (!wanted.includes(answer.status)) {
    return `${answer.status} instead of ${wanted.join(' or ')}: ${answer.body.slice(0, 300)}`
  }
  if (STACK.test(answer.body)) return `shows how we are built: ${answer.body.slice(0, 300)}`
  if (answer.status >= 400 && answer.body !== '') {
    const problem = problemOf(answer)
    if (problem?.status !== answer.status) return `is no problem document: ${answer.body.slice(0, 300)}`
  }
  return fault?.(answer)
}

function problemOf({ headers, body }: Answer): Problem | undefined {
  if (!String(headers['content-type']).startsWith('application/problem+json')) return undefined
  return Problem.safeParse(JSON.parse(body)).data
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
