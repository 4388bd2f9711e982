import { parseArgs } from 'node:util'
import { FAILPOINTS } from '@lepton/common/runtime/fault-injection'
import { PATTERNS } from '@lepton/contracts/patterns'
import {
  FAULT_KINDS,
  type FaultKind,
  MACHINE_FAULT_KINDS,
  needsMachines,
  needsOwnServers,
  RARE_FAULT_KINDS,
} from './nemesis/fault.ts'
import { PROFILES } from './nemesis/nemesis.ts'

export const USAGE = `pnpm chaos [options]

  attacks a shop of its own while customers use it, heals it, and checks that nothing was lost, sold or charged twice

  --seed N          which faults, when, and what the customers do (printed; another one each time)
  --minutes M       how long things break (1)
  --runs N          so many runs, each with the next seed and a fresh shop (1)
  --profile P       fast: a fault every 1-3 s; slow: every 10 s (fast)
  --faults a,b      only these: ${FAULT_KINDS.join(', ')}; none: a healthy shop
                    and, only when they are named: ${RARE_FAULT_KINDS.join(', ')}
  --servers threes  PostgreSQL, Kafka and Consul on three machines, which lose their power or their cable: Linux and root;
                    adds ${MACHINE_FAULT_KINDS.join(', ')}, leaves out what needs servers of the shop's own
  --workers W       customers at the same time (60)
  --rate R          operations a second that they aim at together (80)
  --races           cancels orders in the moment in which they are authorised or their deadline comes
  --failpoints      kills a process at each of its named boundaries, for each kind of operation
  --mutants         leaves each pattern out in turn and shows which invariant notices
  --record DIR      with --mutants: attacks a shop with the pattern just the same, and writes the pair as DIR/PATTERN.json,
                    which the web app's page on patterns shows
  --only a,b        of the failpoints (by the beginning of their names) or mutants only these
  --keep            keeps the shop's logs and data, also after a clean run
`

export interface ChaosArgs {
  seed: number
  minutes: number
  runs: number
  profile: keyof typeof PROFILES
  faults: readonly FaultKind[]
  /** The shop's own, one of each, or three of each on three machines. */
  servers: 'own' | 'threes'
  workers: number
  operationsPerS: number
  suite: 'random' | 'races' | 'failpoints' | 'mutants'
  only: readonly string[] | undefined
  /** Where pairs are recorded, of mutants. */
  record: string | undefined
  keep: boolean
}

/**
 * What the command line asks for.
 *
 * @throws Error that says what is wrong with it
 */
export function parseChaosArgs(args: readonly string[], random = Math.random): ChaosArgs | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string', default: '1' },
      runs: { type: 'string', default: '1' },
      profile: { type: 'string', default: 'fast' },
      faults: { type: 'string' },
      servers: { type: 'string', default: 'own' },
      workers: { type: 'string', default: '60' },
      rate: { type: 'string', default: '80' },
      races: { type: 'boolean', default: false },
      failpoints: { type: 'boolean', default: false },
      mutants: { type: 'boolean', default: false },
      only: { type: 'string' },
      record: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const { profile } = values
  if (!isProfile(profile))
    throw new Error(`--profile is ${Object.keys(PROFILES).join(' or ')}, not ${profile}`)
  if (values.record !== undefined && !values.mutants) throw new Error('--record goes with --mutants')
  const suite = values.mutants
    ? 'mutants'
    : values.failpoints
      ? 'failpoints'
      : values.races
        ? 'races'
        : 'random'
  const { servers } = values
  if (servers !== 'own' && servers !== 'threes') throw new Error(`--servers is own or threes, not ${servers}`)
  if (servers === 'threes' && suite !== 'random')
    throw new Error(`--servers threes does not go with --${suite}`)
  return {
    seed: numberOf('seed', values.seed ?? String(Math.floor(random() * 1_000_000))),
    minutes: numberOf('minutes', values.minutes),
    runs: numberOf('runs', values.runs),
    profile,
    faults: faultsFor(servers, values.faults),
    servers,
    workers: numberOf('workers', values.workers),
    operationsPerS: numberOf('rate', values.rate),
    suite,
    only: values.only === undefined ? undefined : onlyOf(suite, values.only),
    record: values.record,
    keep: values.keep,
  }
}

function numberOf(name: string, text: string): number {
  const value = Number(text)
  if (text !== '' && Number.isFinite(value) && value >= 0) return value
  throw new Error(`--${name} is a number, not ${text}`)
}

/** Those that there can be with the servers; what is named and cannot be is an error. */
function faultsFor(servers: ChaosArgs['servers'], list: string | undefined): readonly FaultKind[] {
  const isPossible = (kind: FaultKind) => !(servers === 'own' ? needsMachines(kind) : needsOwnServers(kind))
  if (list === undefined) return [...FAULT_KINDS, ...MACHINE_FAULT_KINDS].filter(isPossible)
  const named = faultsOf(list)
  const impossible = named.find((kind) => !isPossible(kind))
  if (impossible === undefined) return named
  const needed = servers === 'own' ? 'machines: --servers threes' : "servers of the shop's own"
  throw new Error(`--faults ${impossible} needs ${needed}`)
}

function faultsOf(list: string): FaultKind[] {
  if (list === 'none' || list === '') return []
  const all = [...FAULT_KINDS, ...RARE_FAULT_KINDS, ...MACHINE_FAULT_KINDS]
  return list.split(',').map((name) => {
    const kind = all.find((known) => known === name)
    if (kind === undefined) throw new Error(`--faults: there is ${all.join(', ')}, but no ${name}`)
    return kind
  })
}

/** Names that there are: a suite of none would find nothing wrong. Failpoints may be named by their beginning. */
function onlyOf(suite: ChaosArgs['suite'], list: string): string[] {
  if (suite !== 'mutants' && suite !== 'failpoints')
    throw new Error('--only goes with --failpoints or --mutants')
  const all: readonly string[] = suite === 'mutants' ? PATTERNS : FAILPOINTS
  const isKnown = (name: string) =>
    suite === 'mutants' ? all.includes(name) : name !== '' && all.some((known) => known.startsWith(name))
  const names = list.split(',')
  const unknown = names.find((name) => !isKnown(name))
  if (unknown !== undefined) throw new Error(`--only: there is ${all.join(', ')}, but no ${unknown}`)
  return names
}

function isProfile(name: string): name is keyof typeof PROFILES {
  return name in PROFILES
}
