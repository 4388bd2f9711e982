import { gzipSync } from 'node:zlib'
import { randomUUID } from 'node:crypto'
import { type Answer, type Attack, bearer } from './attack.ts'

const CART = '/api/v1/cart'
const ORDERS = '/api/v1/orders'
const LINE = { item_id: 'desk-lamp', quantity: 1 }
const MIB = 1_048_576

/** Other spellings of a path: none is the path, and none leads out of it. */
export function pathAttacks(token: string): Attack[] {
  const rows: [path: string, finding?: string][] = [
    ['/api/v1/orders/', '13'],
    ['/api/v1/cart/', '13'],
    ['/API/V1/orders', '13'],
    ['/api/v1/Orders', '13'],
    ['//api/v1/orders'],
    ['/api//v1/orders'],
    ['/api/v1//orders'],
    ['/api/v1/./orders'],
    ['/api/v1/x/../orders'],
    ['/api/v1/%2e%2e/v1/orders'],
    ['/api/v1%2forders'],
    ['/api/v1/orders;a=b'],
    ['/api/v1/orders%20'],
    ['/api/v1/orders%00'],
    ['/api/v1/orders.json'],
    ['/api/v1\\orders'],
    ['/api/v1/api/v1/orders'],
    ['/metrics', '2'],
    ['/livez', '2'],
    ['/readyz', '2'],
    ['/.env'],
    ['/.git/config'],
    ['/api/docs/..%2f..%2fpackage.json'],
    ['/problems/__proto__'],
    ['/problems/constructor'],
    ['/problems/../../etc/passwd'],
    ['/branches/stock/01a1fea5-ba4b-71f4-85de-696148493360/confirm'],
    ['/debug'],
    ['/failpoints'],
  ]
  const spelled = rows.flatMap(([path, finding]): Attack[] =>
    ['GET', 'POST'].map((method) => ({
      what: 'another spelling of a path',
      ...(finding !== undefined && { finding }),
      method,
      path,
      headers: { ...bearer(token), 'idempotency-key': randomUUID() },
      ...(method === 'POST' && { body: { lines: [LINE] } }),
      // 400: a path that cannot be decoded.
      status: [400, 404],
    })),
  )
  const inPath = [
    '%2e%2e',
    '%00',
    '%2f',
    '%c3%28',
    '%',
    '%ff',
    "1'--",
    '__proto__',
    '%F0%9F%98%80',
    'A'.repeat(300),
  ]
  return [
    ...spelled,
    ...inPath.flatMap((id): Attack[] =>
      ['orders', 'payments', 'products', 'order'].map((list) => ({
        what: 'an id that is none',
        method: 'GET',
        path: `/api/v1/${list}/${id}`,
        headers: bearer(token),
        status: [400, 404],
      })),
    ),
    ...['PURGE', 'LINK', 'TRACE', 'QUERY', 'PROPFIND', 'PATCH', 'OPTIONS'].map((method) => ({
      what: 'a method that is none here',
      finding: '2',
      method,
      path: CART,
      headers: bearer(token),
      status: 405,
    })),
    {
      what: 'a path for an id',
      finding: '18',
      method: 'GET',
      path: '/api/v1/payments/webhook',
      headers: bearer(token),
      status: 405,
    },
    ...['0x10', '1e1', '%2010', '-1', '0', '101', '1.5', 'Infinity', '%EF%BC%99', '1&limit=2'].map(
      (limit) => ({
        what: 'a limit that is none',
        finding: '18',
        method: 'GET',
        path: `${ORDERS}?limit=${limit}`,
        headers: bearer(token),
        status: 400,
      }),
    ),
    ...['abc', 'W10', 'bnVsbA', '%00', 'eyJhIjoxfQ', 'A'.repeat(201)].flatMap((cursor): Attack[] =>
      [ORDERS, '/api/v1/products'].map((list) => ({
        what: 'a cursor that no page gave',
        method: 'GET',
        path: `${list}?cursor=${cursor}`,
        headers: bearer(token),
        status: 400,
      })),
    ),
    {
      what: 'an unknown query parameter',
      finding: '18',
      method: 'GET',
      path: `${CART}?x=1`,
      headers: bearer(token),
      status: 400,
    },
    {
      what: 'a pattern in a search',
      method: 'GET',
      path: '/api/v1/products?query=%25',
      status: 200,
      fault: (answer) => answer.body.includes('desk-lamp') && 'a % finds everything',
    },
    { what: 'a search with U+0000', method: 'GET', path: '/api/v1/products?query=%00', status: 400 },
    {
      what: 'SQL in a search',
      method: 'GET',
      path: "/api/v1/products?category=x'%20or%201=1--",
      status: 200,
      fault: (answer) => answer.body.includes('desk-lamp') && 'it was run',
    },
  ]
}

/** Headers that claim another identity, or that end up in a log, an answer or another request. */
export function headerAttacks(token: string): Attack[] {
  const at = (what: string, headers: Record<string, string | string[]>, finding?: string): Attack => ({
    what,
    ...(finding !== undefined && { finding }),
    method: 'GET',
    path: '/api/v1/nothing',
    headers: { ...bearer(token), ...headers },
    status: 404,
    fault: (answer) => isEchoed(answer, headers) && `says what the client said: ${JSON.stringify(answer)}`,
  })
  const ids = [
    'a b',
    'x'.repeat(300),
    '${jndi:ldap://evil.example}',
    '<script>',
    '%0d%0aevil: 1',
    '"',
    '{"a":1}',
    '\t',
    'é',
  ]
  const traces = [
    '00-0-0-00',
    'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    'garbage',
    '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
    `00-${'a'.repeat(400)}`,
  ]
  return [
    ...ids.map((id) => at('a request id', { 'x-request-id': id })),
    ...traces.map((trace) => at('a trace', { traceparent: trace, tracestate: 'a=b,'.repeat(100) })),
    at('a prefix', { 'x-forwarded-prefix': '/evil' }, '18'),
    at('a host', { 'x-forwarded-host': 'evil.example' }, '10'),
    at('a path to be asked instead', { 'x-original-url': '/evil', 'x-rewrite-url': '/evil' }),
    at('a method to be asked instead', { 'x-http-method-override': 'DELETE' }),
    at('a fault', { 'lepton-fault': 'evil' }, '1'),
    ...['lepton-deadline-ms', 'lepton-attempt'].map((name) => at(name, { [name]: '1' }, '1')),
    { ...at('a foreign language', { 'accept-language': '*'.repeat(500), accept: 'image/png' }) },
    ...[
      { 'x-forwarded-for': '127.0.0.1' },
      { forwarded: 'for=127.0.0.1' },
      { via: '1.1 tunnel' },
      { origin: 'http://evil.example' },
      { host: 'rebound.example' },
    ].flatMap((headers): Attack[] => [
      {
        what: 'the demo shopper from afar',
        finding: '10',
        method: 'GET',
        path: '/cart',
        headers,
        status: 401,
      },
      {
        what: 'the demo operator from afar',
        finding: '10',
        method: 'POST',
        path: '/stock',
        headers,
        body: { product_id: 'desk-lamp', quantity: 1 },
        status: 401,
      },
    ]),
    ...['http://evil.example', 'null', 'https://evil.example', 'ftp://localhost'].flatMap(
      (origin): Attack[] => [
        {
          what: 'a foreign page that begins a session',
          finding: '12',
          method: 'POST',
          path: '/api/v1/session',
          headers: { origin },
          status: 403,
          fault: setsCookie,
        },
        {
          what: 'a foreign page that ends one',
          finding: '12',
          method: 'DELETE',
          path: '/api/v1/session',
          headers: { origin },
          status: 403,
          fault: setsCookie,
        },
        {
          what: 'a foreign page before it asks',
          method: 'OPTIONS',
          path: CART,
          headers: { origin, 'access-control-request-method': 'POST' },
          status: 405,
          fault: ({ headers }) => headers['access-control-allow-origin'] && 'it may',
        },
      ],
    ),
    {
      what: 'a foreign page, as the browser says',
      finding: '12',
      method: 'POST',
      path: '/api/v1/session',
      headers: { 'sec-fetch-site': 'cross-site' },
      status: 403,
      fault: setsCookie,
    },
    {
      what: 'a token for a cookie',
      finding: '14',
      method: 'POST',
      path: '/api/v1/session',
      headers: bearer(token),
      status: 201,
      fault: setsCookie,
    },
  ]
}

function setsCookie({ headers }: Answer): string | false {
  return headers['set-cookie'] !== undefined && `sets ${String(headers['set-cookie'])}`
}

function isEchoed({ headers, body }: Answer, sent: Record<string, string | string[]>): boolean {
  const { 'x-request-id': id, ...others } = headers
  if (/evil|<script|jndi/.test(JSON.stringify(others) + body)) return true
  return sent['x-request-id'] !== undefined && !/^[\w.:-]{1,128}$/.test(String(id))
}

/** Bodies that a parser, a number or a store may take for something else. None is an item in a cart, or an order. */
export function bodyAttacks(token: string): Attack[] {
  const at = (
    what: string,
    body: string | Buffer,
    status: Attack['status'] = 400,
    headers: Record<string, string> = {},
  ) =>
    [CART, ORDERS].map((path): Attack => ({
      what: `a body ${what}`,
      method: 'POST',
      path,
      headers: { ...bearer(token), 'idempotency-key': randomUUID(), ...headers },
      body,
      status,
    }))
  const line = (text: string) => `{"item_id":"desk-lamp",${text}}`
  const nested = '['.repeat(32_000) + ']'.repeat(32_000)
  const json = (value: unknown) => JSON.stringify(value)
  return [
    ...[
      '1e309',
      '9007199254740993',
      '-0',
      '1.5',
      '"1"',
      'null',
      'true',
      '[]',
      '{}',
      '1e3',
      '-1',
      '0',
    ].flatMap((number) => at(`with the quantity ${number}`, line(`"quantity":${number}`))),
    ...['NaN', 'Infinity', '0x1', '01', '+1', '1n', "'1'"].flatMap((number) =>
      at(`with ${number}, which is no JSON`, line(`"quantity":${number}`)),
    ),
    ...[
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'unit_price_minor',
      'price_minor',
      'amount_minor',
      'customer_id',
      'status',
      'order_id',
    ].flatMap((name) => at(`with ${name}`, line(`"quantity":1,"${name}":{"role":"operator"}`))),
    ...at(
      'with prices in its lines',
      json({ lines: [{ ...LINE, unit_price_minor: 1 }], payment_token: 'tok_approved' }),
    ),
    ...at(
      'for another customer',
      json({ lines: [LINE], customer_id: randomUUID(), payment_token: 'tok_approved' }),
    ),
    ...at('with a card number for a token', json({ lines: [LINE], payment_token: 'tok_4111111111111111' })),
    ...at('with an unknown mode', json({ lines: [LINE], mode: 'free' })),
    ...at('with U+0000', json({ item_id: 'desk\0lamp', quantity: 1 })),
    ...at('with a lone surrogate', '{"item_id":"\\ud800","quantity":1}'),
    ...at('with an item of 10 000 characters', json({ item_id: 'a'.repeat(10_000), quantity: 1 })),
    ...at('nested 32 000 deep', nested, [400, 413]),
    ...at('of a number', '1'),
    ...at('of null', 'null'),
    ...at('of a text', '"desk-lamp"'),
    ...at('of a list', '[]'),
    ...at('cut off', '{"item_id":'),
    ...at('with something behind it', `${json(LINE)}{}`),
    ...at('with a byte order mark before nothing', '\ufeff'),
    ...at('in UTF-16', Buffer.from(json(LINE), 'utf16le'), [400, 415], {
      'content-type': 'application/json; charset=utf-16le',
    }),
    ...at('in Latin-1', json(LINE), 415, { 'content-type': 'application/json; charset=latin1' }),
    ...at('in UTF-8 that is none', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
    ...at('of 5 MiB', json({ ...LINE, item_id: 'a'.repeat(5 * MIB) }), 413),
    ...at('that unpacks to 10 MiB', gzipSync(Buffer.alloc(10 * MIB, 0x20)), 413, {
      'content-encoding': 'gzip',
      'content-type': 'application/json',
    }),
    ...at('that says gzip and is none', json(LINE), 400, { 'content-encoding': 'gzip' }),
    ...at('in an unknown content coding', json(LINE), 415, { 'content-encoding': 'lzma' }),
    ...[
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/xml',
      'text/json',
      'application/jsonx',
    ].flatMap((type) => at(`as ${type}`, json(LINE), 415, { 'content-type': type })),
    ...at('in chunks as text/plain', json(LINE), 415, {
      'content-type': 'text/plain',
      'transfer-encoding': 'chunked',
    }),
  ]
}
