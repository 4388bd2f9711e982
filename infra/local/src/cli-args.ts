import { parseArgs } from 'node:util'
import { CannotStart } from './cannot-start.ts'
import { LEVELS, type Level } from './log-lines.ts'
import { STATE_DIR } from './root.ts'

/** By this a command is named to a person: it works without pnpm, and \`--\` keeps the options from npm. */
export const SHOP = 'npm run shop --'

export const USAGE = `${SHOP} <command>     controls the shop that \`npm start\` runs (with pnpm: pnpm shop <command>)

  ps [--json]                      what runs, and where
  add order                        start one more instance of a service
  remove order-2                   drain an instance and stop it
  scale order=1..4 --on lag=200    size it by load: lag (records), cpu (%), in_flight (requests) or wait (ms), of one instance;
                                   order=3 keeps it at three, order=off leaves it as it is
  restart order-1                  drain it and start it again
  kill order-1 [SIGTERM]           signal it (default SIGKILL); the launcher starts it again
  pause order-1 [SECONDS]          freeze it for up to 60 seconds, or until it is resumed
  resume order-1                   let it run again
  wipe kafka | consul              delete what it keeps: republish restores Kafka's log, and what Consul needs comes back by itself
  logs [order | order-1 …]         the last lines, of every service when none is named
  rotate SECRET [SERVICE]          replace a key or password and start who uses it again, one after the other: all, token-key,
                                   event-key, database, kafka or consul of a service; card-key, operator, psp
  backup DIR                       copy the shop as it is now, its secrets too, while it sells; npm start -- --restore DIR
                                   starts from it
  stop                             stop the shop, and wait until it has stopped

  logs: --order ID  --level warn  --since 5m|TIME  --lines 100  --follow (-f)  --json (as written)

  reconcile                        check every order against stock, payments and the card processor
  dead-letters [--key K] [--status DEAD]
                                   what could not be applied, and what waits behind it
  dead-letters show order-17       one, with its headers and payload
  dead-letters replay --reason "…" [--letter ID | --key K | --event-id E | --error-class C] [--dry-run]
  dead-letters discard order-17 --reason "…"
  payments                         payments that the card processor does not settle
  payments retry ORDER --reason "…" [--new-key]
  payments settle ORDER --charge-state REFUNDED --reason "…" [--charge-id ID]
  republish --since 14d|TIME [--until TIME] --reason "…" [--dry-run]
                                   publish archived events again; consumers drop what they know
  rebuild orders --reason "…"      make the state of every order again from its stream, while the shop sells
  rebuild streams --reason "…"     count the figures by minute and hour again, from the first event on the log

  config                           the settings of the mesh, which change while everything runs
  config get KEY | unset KEY --reason "…" | undo KEY --reason "…" | watch
  config set KEY JSON --reason "…"
                                   KEY is defaults, services/ORDER, edges/CART/ORDER, routes/ORDER, limits/ORDER/CART,
                                   instances/ORDER/order-1, processes/ORDER, scaling/ORDER or alarms/NAME; JSON such as {"policy":"latency"}, {"drain":true}

kill, pause, resume, restart and logs also take postgres, kafka and consul.
  --state-dir DIR                  of another shop than this checkout's
  --url URL --secret-file FILE     of a shop that runs elsewhere (reconcile, dead-letters, payments,
                                   republish, rebuild)
`

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  follow: { type: 'boolean', short: 'f' },
  order: { type: 'string' },
  on: { type: 'string' },
  level: { type: 'string' },
  since: { type: 'string' },
  lines: { type: 'string' },
  'state-dir': { type: 'string' },
  url: { type: 'string' },
  'secret-file': { type: 'string' },
  key: { type: 'string' },
  status: { type: 'string' },
  letter: { type: 'string' },
  'event-id': { type: 'string' },
  'error-class': { type: 'string' },
  until: { type: 'string' },
  reason: { type: 'string' },
  'charge-state': { type: 'string' },
  'charge-id': { type: 'string' },
  'new-key': { type: 'boolean' },
  'dry-run': { type: 'boolean' },
} as const

type OptionName = keyof typeof OPTIONS

interface Syntax {
  /** What has to follow the command. */
  args?: readonly string[]
  /** How many more may follow. */
  more?: number
  options?: readonly OptionName[]
  required?: readonly OptionName[]
}

const ELSEWHERE = ['url', 'secret-file'] as const
const ORDER = ['the id of an order']
const INSTANCE = ['the name of an instance, such as order-1']

const KEY = ['the key of a setting, such as services/order']

const SYNTAX: Record<string, Syntax> = {
  ps: { options: ['json'] },
  add: { args: ['the name of a service, such as order'] },
  remove: { args: INSTANCE },
  scale: { args: ['a service and its limits, such as order=1..4'], options: ['on', 'reason'] },
  restart: { args: INSTANCE },
  kill: { args: INSTANCE, more: 1 },
  pause: { args: INSTANCE, more: 1 },
  resume: { args: INSTANCE },
  wipe: { args: ['the name of a server: kafka or consul'] },
  rotate: { args: ['a secret, such as token-key'], more: 1 },
  backup: { args: ['a folder that is not there yet'] },
  stop: {},
  logs: { more: 50, options: ['order', 'level', 'since', 'lines', 'follow', 'json'] },
  reconcile: { options: ELSEWHERE },
  'dead-letters': { options: [...ELSEWHERE, 'key', 'status'] },
  'dead-letters show': { args: ['the id of a dead letter'], options: ELSEWHERE },
  'dead-letters replay': {
    options: [...ELSEWHERE, 'reason', 'letter', 'key', 'event-id', 'error-class', 'dry-run'],
    required: ['reason'],
  },
  'dead-letters discard': {
    args: ['the id of a dead letter'],
    options: [...ELSEWHERE, 'reason'],
    required: ['reason'],
  },
  payments: { options: ELSEWHERE },
  'payments retry': {
    args: ORDER,
    options: [...ELSEWHERE, 'reason', 'new-key'],
    required: ['reason'],
  },
  'payments settle': {
    args: ORDER,
    options: [...ELSEWHERE, 'charge-state', 'charge-id', 'reason'],
    required: ['charge-state', 'reason'],
  },
  config: {},
  'config get': { args: KEY },
  'config set': { args: [...KEY, 'a value in JSON'], options: ['reason'], required: ['reason'] },
  'config unset': { args: KEY, options: ['reason'], required: ['reason'] },
  'config undo': { args: KEY, options: ['reason'], required: ['reason'] },
  'config watch': {},
  'rebuild streams': { options: [...ELSEWHERE, 'reason'], required: ['reason'] },
  'rebuild orders': { options: [...ELSEWHERE, 'reason'], required: ['reason'] },
  republish: {
    options: [...ELSEWHERE, 'since', 'until', 'reason', 'dry-run'],
    required: ['since', 'reason'],
  },
}

export type Values = ReturnType<typeof parse>['values']
export interface ShopCommand {
  name: string
  args: string[]
  values: Values
  stateDir: string
}

/**
 * Reads a command line; undefined when help is wanted.
 *
 * @throws CannotStart that says in a sentence what is wrong with it
 */
export function readCommand(argv: string[]): ShopCommand | undefined {
  const { values, positionals } = parse(argv)
  const [first, second] = positionals
  if (values.help === true || first === undefined) return undefined
  const both = `${first} ${second}`
  const name = Object.hasOwn(SYNTAX, both) ? both : first
  if (!Object.hasOwn(SYNTAX, name)) throw wrong(`There is no command ${first}.`)
  const { args: wanted = [], more = 0, options = [], required = [] } = SYNTAX[name]!
  const args = positionals.slice(name.split(' ').length)
  const missing = wanted[args.length]
  if (missing !== undefined) throw wrong(`${name} needs ${missing}.`)
  const surplus = args[wanted.length + more]
  if (surplus !== undefined) throw wrong(`${name} does not take ${surplus}.`)
  const known = ['state-dir', ...options]
  const foreign = Object.keys(values).find((option) => !known.includes(option))
  if (foreign !== undefined) throw wrong(`${name} has no option --${foreign}.`)
  const absent = required.find((option) => values[option] === undefined)
  if (absent !== undefined) throw wrong(`--${absent} is missing.`)
  return { name, args, values, stateDir: values['state-dir'] ?? STATE_DIR }
}

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The instant that `--since` means: a while ago, such as 5m, or a time. */
export function readSince(text: string, nowMs = Date.now()): number {
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? []
  const timeMs = count === undefined ? Date.parse(text) : nowMs - Number(count) * UNIT_MS[unit]!
  if (!Number.isNaN(timeMs)) return timeMs
  throw wrong(
    `--since ${text} is neither a while ago, such as 30s, 5m, 2h or 1d, nor a time such as 2026-01-31T12:00:00Z.`,
  )
}

export function readLevel(text: string): Level {
  const level = LEVELS.find((known) => known === text.toLowerCase())
  if (level !== undefined) return level
  throw wrong(`--level ${text} is none of ${LEVELS.join(', ')}.`)
}

export function readLines(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw wrong(`--lines ${text} is not a number from 1 to 999999.`)
}

function parse(argv: string[]) {
  try {
    return parseArgs({ args: argv, allowPositionals: true, options: OPTIONS })
  } catch (error) {
    throw wrong(`${(error as Error).message.split('. ')[0]?.replace(/\.$/, '')}.`)
  }
}

function wrong(what: string): CannotStart {
  return new CannotStart(`${what} \`${SHOP} --help\` lists the commands and their options.`)
}
