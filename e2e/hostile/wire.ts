import { target } from '../journeys/world.ts'
import { exchange, statusesIn } from './exchange.ts'

/** Bytes that a client library would not send, and the statuses that may come; 0 is a connection closed without one. */
export interface Bytes {
  what: string
  finding?: string
  bytes: string
  statuses: readonly number[]
  /** A second request hidden in the first must never be answered. */
  answers?: number
  /** The client ends its half of the connection behind the bytes. */
  ends?: boolean
}

const GET = 'GET /api/v1/products?limit=1 HTTP/1.1\r\n'
const HOST = 'Host: localhost\r\n'
const CLOSE = 'Connection: close\r\n'
const SMUGGLED = 'GET /problems HTTP/1.1\r\nHost: localhost\r\n\r\n'
const post = (headers: string, body: string) =>
  `POST /api/v1/session HTTP/1.1\r\n${HOST}${headers}\r\n${body}`
const get = (headers: string) => `${GET}${HOST}${CLOSE}${headers}\r\n`

export const FRAMINGS: readonly Bytes[] = [
  {
    what: 'a length and chunks',
    bytes: post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${SMUGGLED}`),
    statuses: [400],
    answers: 1,
  },
  {
    what: 'chunks and a length',
    bytes: post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', `0\r\n\r\n${SMUGGLED}`),
    statuses: [400],
    answers: 1,
  },
  {
    what: 'two lengths',
    bytes: post('Content-Length: 0\r\nContent-Length: 44\r\n', SMUGGLED),
    statuses: [400],
    answers: 1,
  },
  {
    what: 'two equal lengths',
    bytes: post('Content-Length: 0\r\nContent-Length: 0\r\n', ''),
    statuses: [400],
  },
  { what: 'a list of lengths', bytes: post('Content-Length: 0, 0\r\n', ''), statuses: [400] },
  { what: 'a negative length', bytes: post('Content-Length: -1\r\n', ''), statuses: [400] },
  { what: 'a length with a sign', bytes: post('Content-Length: +0\r\n', ''), statuses: [400] },
  { what: 'a length in hexadecimal', bytes: post('Content-Length: 0x0\r\n', ''), statuses: [400] },
  {
    what: 'a length beyond 2^64',
    bytes: post('Content-Length: 99999999999999999999\r\n', ''),
    statuses: [400],
  },
  {
    what: 'another coding than chunked',
    bytes: post('Transfer-Encoding: xchunked\r\n', ''),
    statuses: [400, 501],
  },
  {
    what: 'chunked twice',
    bytes: post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${SMUGGLED}`),
    statuses: [400],
    answers: 1,
  },
  {
    what: 'chunked, then identity',
    bytes: post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'),
    statuses: [400, 501],
  },
  {
    what: 'a coding behind a vertical tab',
    bytes: post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'),
    statuses: [400, 501],
  },
  { what: 'a blank before the colon', bytes: post('Content-Length : 0\r\n', ''), statuses: [400] },
  {
    what: 'a chunk size that is none',
    bytes: post('Transfer-Encoding: chunked\r\n', 'xyz\r\n\r\n'),
    statuses: [400],
  },
  {
    what: 'a chunk size beyond 2^64',
    bytes: post('Transfer-Encoding: chunked\r\n', 'fffffffffffffffff\r\n\r\n'),
    statuses: [400, 413],
  },
  {
    what: 'a line that ends with LF alone',
    bytes: `${GET}Host: localhost\nConnection: close\r\n\r\n`,
    statuses: [400],
  },
  {
    what: 'lines that end with CR alone',
    bytes: `${GET}Host: localhost\rConnection: close\r\n\r\n`,
    statuses: [400],
  },
  { what: 'a folded header', bytes: get('X-Folded: a\r\n b\r\n'), statuses: [200, 400] },
  { what: 'a header without a name', bytes: get(': value\r\n'), statuses: [400] },
  { what: 'a header without a colon', bytes: get('nonsense\r\n'), statuses: [400] },
  { what: 'a NUL in a header', bytes: get('X-Nul: a\0b\r\n'), statuses: [400] },
  { what: 'no Host', bytes: `${GET}${CLOSE}\r\n`, statuses: [400] },
  { what: 'two Hosts', finding: '18', bytes: get('Host: evil.example\r\n'), statuses: [400] },
  { what: 'a Host with a path', bytes: `${GET}Host: localhost/evil\r\n${CLOSE}\r\n`, statuses: [200, 400] },
  { what: 'HTTP/1.9', bytes: `GET /livez HTTP/1.9\r\n${HOST}${CLOSE}\r\n`, statuses: [400, 404, 505] },
  { what: 'HTTP/2 in clear', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', statuses: [0, 400, 505] },
  { what: 'HTTP/0.9', bytes: 'GET /problems\r\n\r\n', statuses: [200, 400] },
  {
    what: 'an unknown method',
    bytes: `BREW /api/v1/cart HTTP/1.1\r\n${HOST}${CLOSE}\r\n`,
    statuses: [400, 405],
  },
  {
    what: 'a method in small letters',
    bytes: `get /api/v1/products HTTP/1.1\r\n${HOST}${CLOSE}\r\n`,
    statuses: [400],
  },
  {
    what: 'a tunnel',
    bytes: `CONNECT evil.example:443 HTTP/1.1\r\n${HOST}${CLOSE}\r\n`,
    statuses: [0, 400, 404, 405],
  },
  {
    what: 'an upgrade',
    bytes: `${GET}${HOST}Connection: upgrade, close\r\nUpgrade: h2c\r\n\r\n`,
    statuses: [200],
  },
  {
    what: 'an expectation',
    bytes: post('Expect: 200-maybe\r\nContent-Length: 0\r\nConnection: close\r\n', ''),
    statuses: [417],
  },
  {
    what: 'a target with a host',
    finding: '18',
    bytes: `GET http://evil.example/api/v1/nothing HTTP/1.1\r\n${HOST}${CLOSE}\r\n`,
    statuses: [404],
  },
  {
    what: 'a target that is an asterisk',
    bytes: `OPTIONS * HTTP/1.1\r\n${HOST}${CLOSE}\r\n`,
    statuses: [400, 404],
  },
  {
    what: 'a target with a blank',
    bytes: `GET /api/v1/products HTTP/1.1 HTTP/1.1\r\n${HOST}${CLOSE}\r\n`,
    statuses: [400],
  },
  { what: 'headers of 64 KiB', bytes: get(`X-Long: ${'x'.repeat(65_536)}\r\n`), statuses: [431] },
  {
    what: 'a target of 64 KiB',
    bytes: `GET /${'x'.repeat(65_536)} HTTP/1.1\r\n${HOST}${CLOSE}\r\n`,
    statuses: [431, 414],
  },
  { what: 'two thousand headers', bytes: get('X: 1\r\n'.repeat(2_001)), statuses: [200, 431] },
  { what: 'TLS', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', statuses: [0, 400] },
  { what: 'nothing but line ends', bytes: '\r\n'.repeat(1_000), statuses: [0, 400], ends: true },
]

export async function faultsOnTheWire(rows: readonly Bytes[]): Promise<string[]> {
  const found = await Promise.all(
    rows.map(async ({ what, finding, bytes, statuses, answers = 1, ends = false }) => {
      const got = await exchange(target.gateway, bytes, { ends })
      const lines = statusesIn(got)
      const isWanted = statuses.includes(lines[0] ?? 0) && lines.length <= answers
      if (isWanted && !/node_modules|evil\.example/.test(got)) return []
      const of = finding === undefined ? '' : ` (finding ${finding})`
      return [
        `${what}${of}: ${lines.join(', ') || 'nothing'} instead of ${statuses.join(' or ')}: ${got.slice(0, 300)}`,
      ]
    }),
  )
  return found.flat()
}
