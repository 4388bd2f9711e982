import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CannotStart } from './cannot-start.ts'

const TIMEOUT_MS = 60_000

export type Answer = Record<string, string | number> & {
  items: Record<string, string | number>[]
  violations: { invariant: string; what: string; order_id?: string }[]
  /** Only in answers over several services. */
  incomplete?: { service: string; problem: string }[]
  next_cursor: string | null
}
export type Api = (method: 'GET' | 'POST', path: string, body?: object) => Promise<Answer>

/** Asks a shop as its operator: the launcher's own, or any at `url` with the secret of a file. */
export async function signIn(
  stateDir: string,
  url: string | undefined,
  secretFile: string | undefined,
): Promise<Api> {
  const running = url === undefined || secretFile === undefined ? readRunning(stateDir) : undefined
  const base = `${(url ?? running!.urls.gateway).replace(/\/$/, '')}/api/v1`
  const secret = readSecret(secretFile ?? running!.operator_secret_file)
  const { token } = await ask(base, undefined, 'POST', '/session/operator', { secret })
  return (method, path, body) => ask(base, String(token), method, path, body)
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new CannotStart(`The operator's secret cannot be read: ${(error as Error).message}.`)
  }
}

function readRunning(stateDir: string): { urls: { gateway: string }; operator_secret_file: string } {
  try {
    return JSON.parse(readFileSync(join(stateDir, 'run.json'), 'utf8')) as ReturnType<typeof readRunning>
  } catch {
    throw new CannotStart(
      `No shop runs on ${stateDir}: start one with \`npm start\`, or name one with --url and --secret-file.`,
    )
  }
}

async function ask(
  base: string,
  token: string | undefined,
  method: string,
  path: string,
  body?: object,
): Promise<Answer> {
  const response = await fetch(base + path, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      // Once for each command that is typed; routes without keys do not look at it.
      ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new CannotStart(
      `${base} does not answer: ${((error as Error).cause as Error | undefined)?.message ?? (error as Error).message}.`,
    )
  })
  const answer = (await response.json().catch(() => {
    throw new CannotStart(`${base} is not a shop: it answered ${response.status} without JSON.`)
  })) as Answer & Refusal
  if (response.ok) return answer
  throw new CannotStart(describeRefusal(response.status, answer))
}

interface Refusal {
  detail?: string
  errors?: { pointer: string; detail: string }[]
}

const OPTION_OF_FIELD: Record<string, string> = {
  letter_id: '--letter',
  event_id: '--event-id',
  error_class: '--error-class',
}

/** What the API refused, with the options as they were typed in place of its field names. */
export function describeRefusal(status: number, { detail, errors = [] }: Refusal): string {
  const fields = errors.map((error) => {
    const field = error.pointer.split('/').at(-1) ?? ''
    return `\n  ${OPTION_OF_FIELD[field] ?? `--${field.replaceAll('_', '-')}`}: ${error.detail}`
  })
  return `${status}: ${detail}${fields.join('')}`
}
