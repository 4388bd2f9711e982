import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CannotStart } from './cannot-start.ts'
import { STATE_DIR } from './root.ts'

const TIMEOUT_MS = 60_000

export const OPS_USAGE = `
  reconcile                                checks every order against stock, payments and the card processor
  dead-letters [--key K] [--status DEAD]   what could not be applied, and what waits behind it
  dead-letters show order-17               one, with its headers and payload
  dead-letters replay --reason "…" [--letter ID | --key K | --event-id E | --error-class C] [--dry-run]
  dead-letters discard order-17 --reason "…"
  payments                                 what the card processor does not settle
  payments retry ORDER --reason "…" [--new-key]
  payments settle ORDER --charge-state REFUNDED --reason "…" [--charge-id ID]
  republish --since TIME --until TIME --reason "…" [--dry-run]
                                           sends archived events to Kafka again; consumers drop what they know
`

export function isOperation(command: string | undefined): boolean {
  return ['dead-letters', 'payments', 'republish', 'reconcile'].includes(command ?? '')
}

/** Steers the shop as its operator, over HTTP: the launcher's own, or any at --url with --secret-file. */
export async function runOperation(argv: string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      'state-dir': { type: 'string', default: STATE_DIR },
      url: { type: 'string' },
      'secret-file': { type: 'string' },
      key: { type: 'string' },
      status: { type: 'string' },
      letter: { type: 'string' },
      'event-id': { type: 'string' },
      'error-class': { type: 'string' },
      since: { type: 'string' },
      until: { type: 'string' },
      reason: { type: 'string' },
      'charge-state': { type: 'string' },
      'charge-id': { type: 'string' },
      'new-key': { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return OPS_USAGE.trim()
  const [command = '', action = 'list', id = ''] = positionals
  const api = await signIn(resolve(values['state-dir']), values.url, values['secret-file'])
  const { reason, since, until, key, status } = values
  const dry_run = values['dry-run']
  if (command === 'reconcile') return reconcile(api)
  if (command === 'payments') {
    const body = { charge_state: values['charge-state'], charge_id: values['charge-id'], reason }
    return payments(api, action, id, action === 'retry' ? { new_key: values['new-key'], reason } : body)
  }
  if (command === 'republish') {
    const { items } = await api('POST', '/ops/events/republish', { since, until, dry_run, reason })
    return lines(
      items,
      ({ service, events }) => `${service}: ${events} events ${dry_run ? 'would be sent' : 'are sent'} again`,
    )
  }
  if (action === 'replay') {
    const filter = {
      letter_id: values.letter,
      key,
      event_id: values['event-id'],
      error_class: values['error-class'],
    }
    const { items } = await api('POST', '/ops/dead-letters/replay', { ...filter, dry_run, reason })
    return lines(
      items,
      (one) => `${one.letter_id}  ${one.key} #${one.sequence}  ${one.outcome} ${one.detail ?? ''}`,
    )
  }
  if (action === 'discard') {
    const letter = await api('POST', `/ops/dead-letters/${id}/discard`, { reason })
    return `${letter.letter_id} is ${letter.status}`
  }
  if (action === 'show') return JSON.stringify(await api('GET', `/ops/dead-letters/${id}`), undefined, 2)
  const query = new URLSearchParams({ limit: '100', ...(key && { key }), ...(status && { status }) })
  const { items } = await api('GET', `/ops/dead-letters?${query.toString()}`)
  return lines(
    items,
    (one) =>
      `${one.letter_id}  ${one.status}  ${one.topic}  ${one.key} #${one.sequence}  ${one.event_type}  ${one.error_message ?? ''}`,
  )
}

async function payments(api: Api, action: string, id: string, body: object): Promise<string> {
  if (action !== 'list') {
    const payment = await api('POST', `/ops/payments/${id}/${action}`, body)
    return `the payment of ${payment.order_id} is ${payment.state}`
  }
  const { items } = await api('GET', '/ops/payments?limit=100')
  return lines(
    items,
    (one) =>
      `${one.order_id}  ${one.operation}  ${one.attempts} attempts, next ${one.next_at}  ${one.last_error ?? ''}`,
  )
}

/** Page by page; ends with a failure when an invariant is broken. */
async function reconcile(api: Api): Promise<string> {
  let [orders, settled] = [0, 0]
  const broken: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page = await api('GET', `/ops/reconcile${cursor && `?cursor=${cursor}`}`)
    orders += Number(page.orders)
    settled += Number(page.settled)
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
  next_cursor: string | null
}
type Api = (method: 'GET' | 'POST', path: string, body?: object) => Promise<Answer>

async function signIn(
  stateDir: string,
  url: string | undefined,
  secretFile: string | undefined,
): Promise<Api> {
  const running = url === undefined || secretFile === undefined ? readRunning(stateDir) : undefined
  const base = `${url ?? running!.urls.gateway}/api/v1`
  const secret = readFileSync(secretFile ?? running!.operator_secret_file, 'utf8').trim()
  const { token } = await ask(base, undefined, 'POST', '/session/operator', { secret })
  return (method, path, body) => ask(base, String(token), method, path, body)
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
    throw new CannotStart(`${base} does not answer: ${String((error as Error).cause ?? error)}`)
  })
  const answer = (await response.json()) as Answer & {
    detail?: string
    errors?: { pointer: string; detail: string }[]
  }
  if (response.ok) return answer
  const fields = (answer.errors ?? []).map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`)
  throw new CannotStart(`${response.status}: ${answer.detail}${fields.join('')}`)
}

function lines(
  items: Record<string, string | number>[],
  show: (item: Record<string, string | number>) => string,
) {
  return items.length === 0 ? 'none' : items.map((item) => show(item).trimEnd()).join('\n')
}
