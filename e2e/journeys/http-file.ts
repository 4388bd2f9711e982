import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { ROOT } from '@lepton/local/root'
import { ROUTES } from '@lepton/contracts/routes'
import { openEvents } from '@lepton/testing/events'
import { until } from '@lepton/testing/until'
import { client, target } from './world.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

interface Call {
  title: string
  name: string | undefined
  /** Set before the call, in this order. */
  variables: [string, string][]
  method: Method
  url: string
  headers: [string, string][]
  body: string | undefined
  statuses: number[]
  isRepeated: boolean
}

const HOUR_MS = 3_600_000

/** Runs docs/lepton.http as a reader would, so that it stays true, and compares it with the table of routes. */
export function httpFile(): void {
  it.concurrent('sends every call of docs/lepton.http, from top to bottom', async () => {
    const calls = parse(await readFile(join(ROOT, 'docs', 'lepton.http'), 'utf8'))
    const given: Record<string, string> = { host: target.gateway, operator_secret: target.operatorSecret }
    const variables = new Map<string, string>()
    const answers = new Map<string, unknown>()
    const sent: string[] = []

    for (const call of calls) {
      for (const [name, value] of call.variables) {
        variables.set(name, given[name] ?? fill(value, variables, answers))
      }
      const send = async () => {
        const path = fill(call.url, variables, answers).replace(target.gateway, '')
        const headers: Record<string, string> = {}
        for (const [name, value] of call.headers) headers[name] = fill(value, variables, answers)
        const body = call.body === undefined ? undefined : fill(call.body, variables, answers)
        if (path.endsWith('/stream')) return { path, ...(await beginningOf(path, headers)) }
        const answer = await client.ask(call.method, path, { body, headers })
        return { path, ...answer }
      }
      const isExpected = ({ status }: { status: number }) => call.statuses.includes(status)
      const answer = call.isRepeated
        ? await until(call.title, async () => {
            const again = await send()
            return isExpected(again) && again
          })
        : await send()
      if (!isExpected(answer)) {
        throw new Error(`"${call.title}" answered ${answer.status}: ${JSON.stringify(answer.body)}`)
      }
      if (call.name !== undefined) answers.set(call.name, answer.body)
      sent.push(`${call.method} ${answer.path.replace(/^\/api\/v1|\?.*$/g, '')}`)
    }

    const missing = ROUTES.filter(({ exposed = true }) => exposed)
      .map(({ method, path }) => `${method} ${path}`)
      .filter((route) => !sent.some((one) => isOfRoute(one, route)))
    expect(missing).toEqual([])
  })
}

/** Of a stream that need not end, its first event is its answer. */
async function beginningOf(path: string, headers: Record<string, string>) {
  const events = await openEvents(target.gateway + path, headers)
  const body = await events.next()
  events.close()
  return { status: events.status, body }
}

function parse(text: string): Call[] {
  const [head = '', ...blocks] = text.split(/^###/m)
  const calls = blocks.map(parseCall)
  calls[0]?.variables.unshift(...variablesOf(head))
  return calls
}

function parseCall(block: string): Call {
  const [title = '', ...lines] = block.split('\n')
  const at = lines.findIndex((line) => /^(GET|POST|PUT|DELETE) /.test(line))
  const before = lines.slice(0, at).join('\n')
  const [, method, url] = /^(\w+) (\S+)$/.exec(lines[at] ?? '') ?? []
  if (method === undefined || url === undefined)
    throw new Error(`docs/lepton.http: no request below "${title}"`)
  const rest = lines.slice(at + 1)
  const blank = rest.indexOf('')
  const headers = rest.slice(0, blank).map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  const body = rest.slice(blank).join('\n').trim()
  const [, verb, statuses = '200'] = /^# (expects|repeat until) (.+)$/m.exec(before) ?? []
  return {
    title: title.trim() || `${method} ${url}`,
    name: /^# @name (\w+)$/m.exec(before)?.[1],
    variables: variablesOf(before),
    method: method as Method,
    url,
    headers,
    body: body === '' ? undefined : body,
    statuses: statuses.split(' or ').map(Number),
    isRepeated: verb === 'repeat until',
  }
}

function variablesOf(text: string): [string, string][] {
  return [...text.matchAll(/^@(\w+) = (.+)$/gm)].map(([, name = '', value = '']) => [name, value])
}

/** Puts in variables, parts of earlier answers, and what the editor makes itself. */
function fill(text: string, variables: Map<string, string>, answers: Map<string, unknown>): string {
  return text.replace(/\{\{(.+?)\}\}/g, (_, expression: string) => {
    if (expression === '$guid') return randomUUID()
    if (expression === '$datetime iso8601') return new Date().toISOString()
    if (expression === '$datetime iso8601 -1 h') return new Date(Date.now() - HOUR_MS).toISOString()
    const [name = '', ...path] = expression.split('.')
    const value =
      path.length === 0 ? variables.get(name) : (path.slice(2).reduce(read, answers.get(name)) as string)
    if (value === undefined) throw new Error(`docs/lepton.http: {{${expression}}} is not known`)
    return value.includes('{{') ? fill(value, variables, answers) : value
  })
}

function read(value: unknown, field: string): unknown {
  return (value as Record<string, unknown> | undefined)?.[field]
}

function isOfRoute(sent: string, route: string): boolean {
  const [one, other] = [sent.split('/'), route.split('/')]
  return one.length === other.length && other.every((part, at) => part.startsWith(':') || part === one[at])
}
