import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CannotStart } from './cannot-start.ts'
import type { ShopCommand } from './cli-args.ts'

const TIMEOUT_MS = 60_000

export function isOperation(name: string): boolean {
  return /^(dead-letters|payments|republish|reconcile)\b/.test(name)
}

/** Controls the shop as its operator, over HTTP: the launcher's own, or any at --url with --secret-file. */
export async function runOperation({ name, args, values, stateDir }: ShopCommand): Promise<string> {
  const api = await signIn(stateDir, values.url, values['secret-file'])
  const { reason, since, until, key, status } = values
  const dry_run = values['dry-run'] ?? false
  const [id = ''] = args.map(encodeURIComponent)
  switch (name) {
    case 'reconcile':
      return reconcile(api)
    case 'republish': {
      return lines(
        await api('POST', '/ops/events/republish', { since, until, dry_run, reason }),
        ({ service, events }) =>
          `${service}: ${events} events ${dry_run ? 'would be published' : 'are published'} again`,
      )
    }
    case 'dead-letters replay': {
      const filter = {
        letter_id: values.letter,
        key,
        event_id: values['event-id'],
        error_class: values['error-class'],
      }
      return lines(
        await api('POST', '/ops/dead-letters/replay', { ...filter, dry_run, reason }),
        (one) => `${one.letter_id}  ${one.key} #${one.sequence}  ${one.outcome} ${one.detail ?? ''}`,
      )
    }
    case 'payments': {
      return lines(
        await api('GET', '/ops/payments?limit=100'),
        (one) =>
          `${one.order_id}  ${one.operation}  ${one.attempts} attempts, next ${one.next_at}  ${one.last_error ?? ''}`,
      )
    }
    case 'payments retry':
      return settled(
        await api('POST', `/ops/payments/${id}/retry`, { new_key: values['new-key'] ?? false, reason }),
      )
    case 'payments settle': {
      const body = { charge_state: values['charge-state'], charge_id: values['charge-id'], reason }
      return settled(await api('POST', `/ops/payments/${id}/settle`, body))
    }
    case 'dead-letters discard': {
      const letter = await api('POST', `/ops/dead-letters/${id}/discard`, { reason })
      return `${letter.letter_id} is ${letter.status}`
    }
    case 'dead-letters show':
      return JSON.stringify(await api('GET', `/ops/dead-letters/${id}`), undefined, 2)
    default: {
      const query = new URLSearchParams({ limit: '100', ...(key && { key }), ...(status && { status }) })
      return lines(
        await api('GET', `/ops/dead-letters?${query.toString()}`),
        (one) =>
          `${one.letter_id}  ${one.status}  ${one.topic}  ${one.key} #${one.sequence}  ${one.event_type}  ${one.error_message ?? ''}`,
      )
    }
  }
}

function settled({ order_id, state }: Answer): string {
  return `the payment of ${order_id} is ${state}`
}

/** A line for each service that gave no part of the answer. */
function missingParts({ incomplete = [] }: Answer): string[] {
  return incomplete.map(({ service, problem }) => `${service} gave no answer: ${problem}`)
}

/** Page by page; ends with a failure when an invariant is broken. */
async function reconcile(api: Api): Promise<string> {
  let [orders, settled] = [0, 0]
  const broken: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page = await api('GET', `/ops/reconcile${cursor && `?cursor=${cursor}`}`)
    orders += Number(page.orders)
    settled += Number(page.settled)
    const missing = missingParts(page)
    if (missing.length > 0) throw new CannotStart(`${missing.join('\n')}\nThe orders cannot be compared.`)
    for (const { invariant, what, order_id = '' } of page.violations) {
      broken.push(`${invariant}  ${order_id}  ${what}`)
    }
    cursor = page.next_cursor
  }
  const checked = `${settled} settled orders of ${orders} were checked`
  if (broken.length > 0)
    throw new CannotStart(`${broken.join('\n')}\n${checked}: ${broken.length} violations`)
  return `${checked}: every invariant holds`
}

type Answer = Record<string, string | number> & {
  items: Record<string, string | number>[]
  violations: { invariant: string; what: string; order_id?: string }[]
  /** Only in answers over several services. */
  incomplete?: { service: string; problem: string }[]
  next_cursor: string | null
}
type Api = (method: 'GET' | 'POST', path: string, body?: object) => Promise<Answer>

async function signIn(
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

function lines(answer: Answer, show: (item: Record<string, string | number>) => string) {
  const shown = answer.items.map((item) => show(item).trimEnd())
  return [...(shown.length === 0 ? ['none'] : shown), ...missingParts(answer)].join('\n')
}
