import { CannotStart } from './cannot-start.ts'
import { readSince, type ShopCommand, type Values } from './cli-args.ts'
import { type Answer, type Api, signIn } from './ops-api.ts'
import { rebuildOrders, rebuildStreams } from './rebuild-cli.ts'

/** The databases' clock may be ahead of this one. */
const CLOCKS_APART_MS = 60_000

export function isOperation(name: string): boolean {
  return /^(dead-letters|payments|republish|rebuild|reconcile)\b/.test(name)
}

/** Controls the shop as its operator, over HTTP: the launcher's own, or any at --url with --secret-file. */
export async function runOperation(
  { name, args, values, stateDir }: ShopCommand,
  print: (line: string) => void,
): Promise<string> {
  const api = await signIn(stateDir, values.url, values['secret-file'])
  const { reason, key, status } = values
  const dry_run = values['dry-run'] ?? false
  const [id = ''] = args.map(encodeURIComponent)
  switch (name) {
    case 'reconcile':
      return reconcile(api)
    case 'rebuild orders':
      return rebuildOrders(api, reason!, print)
    case 'rebuild streams':
      return rebuildStreams(api, reason!, print)
    case 'republish': {
      return lines(
        await api('POST', '/ops/events/republish', { ...rangeOf(values), dry_run, reason }),
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

/** From then until now, unless an end is given. */
function rangeOf({ since = '', until }: Values): { since: string; until: string } {
  const untilMs = until === undefined ? Date.now() + CLOCKS_APART_MS : readSince(until)
  return { since: new Date(readSince(since)).toISOString(), until: new Date(untilMs).toISOString() }
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

function lines(answer: Answer, show: (item: Record<string, string | number>) => string) {
  const shown = answer.items.map((item) => show(item).trimEnd())
  return [...(shown.length === 0 ? ['none'] : shown), ...missingParts(answer)].join('\n')
}
