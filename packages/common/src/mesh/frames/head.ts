import type { IncomingHttpHeaders } from 'node:http'

/** Headers as lines of `name: value`. What differs with every request goes first, so that the rest can be known already. */
const CHANGING = [
  'lepton-deadline-ms',
  'lepton-attempt',
  'traceparent',
  'x-request-id',
  'idempotency-key',
] as const
const CHANGING_SET: ReadonlySet<string> = new Set(CHANGING)
/** Blocks of headers that are kept as they were read last; beyond them all are read again. */
const MAX_KNOWN = 256

type Headers = Readonly<Record<string, string | string[] | number | undefined>>

/** A header that could be taken for two. */
class InvalidHeader extends Error {}

/** The first line, then a line of what changes, then the others. @throws InvalidHeader for a line break in one */
export function headOf(first: string, headers: Headers): string {
  let changing = ''
  for (const name of CHANGING) changing += `${textOf(name, headers[name])}\t`
  let block = ''
  for (const name of Object.keys(headers)) {
    const key = name.toLowerCase()
    const value = headers[name]
    if (value === undefined || CHANGING_SET.has(key)) continue
    if (Array.isArray(value)) for (const one of value) block += `${key}: ${textOf(key, one)}\n`
    else block += `${key}: ${textOf(key, value)}\n`
  }
  if (/[\n\r]/.test(first)) throw new InvalidHeader('a line break in the request line')
  return `${first}\n${changing}\n${block}`
}

function textOf(name: string, value: string | string[] | number | undefined): string {
  if (value === undefined) return ''
  const text = String(value)
  if (/[\n\r\t]/.test(text)) throw new InvalidHeader(`a line break in ${name}`)
  return text
}

export interface HeadReader {
  /** The headers are shared by all heads that have the same: they must not be changed. */
  (head: string): { first: string; headers: IncomingHttpHeaders }
}

/** Reads heads; most have the same headers as one before. */
export function createHeadReader(): HeadReader {
  const known = new Map<string, IncomingHttpHeaders>()
  return (head) => {
    const firstEnd = head.indexOf('\n')
    const changingEnd = head.indexOf('\n', firstEnd + 1)
    if (firstEnd === -1 || changingEnd === -1) throw new InvalidHeader('a head without an end')
    const block = head.slice(changingEnd + 1)
    let common = known.get(block)
    if (common === undefined) {
      common = headersIn(block)
      if (known.size >= MAX_KNOWN) known.clear()
      known.set(block, common)
    }
    const first = head.slice(0, firstEnd)
    const changing = head.slice(firstEnd + 1, changingEnd)
    if (changing.length === CHANGING.length) return { first, headers: common }
    const headers = { ...common }
    let start = 0
    for (const name of CHANGING) {
      const end = changing.indexOf('\t', start)
      if (end > start) headers[name] = changing.slice(start, end)
      start = end + 1
    }
    return { first, headers }
  }
}

function headersIn(block: string): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {}
  for (const line of block.split('\n')) {
    const colon = line.indexOf(': ')
    if (colon === -1) continue
    const name = line.slice(0, colon)
    const value = line.slice(colon + 2)
    const before = headers[name]
    headers[name] = before === undefined ? value : [before, value].flat()
  }
  return headers
}
