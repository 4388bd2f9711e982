import { parseArgs } from 'node:util'
import { CannotStart } from './cannot-start.ts'
import { isService, SERVICES, type ServiceName, type ServiceSettings } from './services.ts'

const MAX_INSTANCES = 20

export const USAGE = `npm start -- [options]     brings up the whole shop and keeps it up until Ctrl-C

  --fresh                        forget all data of an earlier start
  --restore DIR                  begin with a backup (npm run shop -- backup DIR), in an empty state directory
  --instances order=3            how many instances of a service (repeatable; default: two, gateway, ops and psp one)
  --set order.LOG_LEVEL=debug    a setting of a service, or of all (all.LOG_LEVEL=debug; repeatable)
  --state-dir DIR                where data, logs and run.json live (default: .lepton)
  --free-ports                   take any free ports, to run next to another shop
  --no-probe                     do not place an order to see that the shop works
  --help

Servers that run already are used: DATABASE_URL or LEPTON_ADMIN_DATABASE_URL (a role that may create databases),
KAFKA_BROKERS (with KAFKA_USERNAME and KAFKA_PASSWORD_FILE), CONSUL_HTTP_ADDR. Fetched servers are kept in LEPTON_CACHE_DIR (default: the user's cache folder).

While it runs: npm run shop ps | add order | remove order-2 | kill order-1 | pause order-1 | resume order-1 | logs | stop
`

export interface Args {
  isHelp: boolean
  isFresh: boolean
  restoreFrom: string | undefined
  probe: boolean
  useDefaultPorts: boolean
  stateDir: string | undefined
  instances: Partial<Record<ServiceName, number>>
  env: ServiceSettings
}

/** @throws CannotStart that says which argument is wrong and what it should be */
export function readArgs(argv: string[]): Args {
  const { values } = parse(argv)
  const instances: Args['instances'] = {}
  for (const text of values.instances.flatMap((list) => list.split(','))) {
    const [, service = '', count = ''] = /^(\w+)=(\d+)$/.exec(text) ?? []
    if (!isService(service) || Number(count) > MAX_INSTANCES) {
      throw new CannotStart(
        `--instances ${text}: expected <service>=<count up to ${MAX_INSTANCES}>, of ${SERVICES.join(', ')}.`,
      )
    }
    if (service === 'psp' && Number(count) > 1)
      throw new CannotStart('--instances: the psp keeps one ledger and runs once.')
    instances[service] = Number(count)
  }
  const env: ServiceSettings = {}
  for (const text of values.set) {
    const [, service = '', name = '', value = ''] = /^(\w+)\.([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? []
    if (name === '' || !(service === 'all' || isService(service))) {
      throw new CannotStart(
        `--set ${text}: expected <service>.<NAME>=<value>, of all, ${SERVICES.join(', ')}.`,
      )
    }
    env[service] = { ...env[service], [name]: value }
  }
  if (values.fresh && values.restore !== undefined)
    throw new CannotStart(
      '--restore wants an empty state directory, and --fresh would empty one: name another.',
    )
  return {
    isHelp: values.help,
    isFresh: values.fresh,
    restoreFrom: values.restore,
    probe: !values['no-probe'],
    useDefaultPorts: !values['free-ports'],
    stateDir: values['state-dir'],
    instances,
    env,
  }
}

function parse(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        fresh: { type: 'boolean', default: false },
        restore: { type: 'string' },
        instances: { type: 'string', multiple: true, default: [] },
        set: { type: 'string', multiple: true, default: [] },
        'state-dir': { type: 'string' },
        'free-ports': { type: 'boolean', default: false },
        'no-probe': { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new CannotStart(
      `${(error as Error).message.split('. ')[0]}. \`npm start -- --help\` lists what there is.`,
    )
  }
}
