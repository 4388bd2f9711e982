import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '@lepton/local/config'
import { ROOT } from '@lepton/local/root'
import type { ServiceSettings } from '@lepton/local/services'
import { startShop } from '@lepton/local/shop'
import type { Shop } from '@lepton/local/shop-types'
import type { Pattern } from '@lepton/contracts/patterns'
import { withoutPattern } from '@lepton/testing/mutants/environment'
import { mountSmallDisk, type SmallDisk } from './disk/small-disk.ts'
import type { Machines } from './machines.ts'
import { createNetwork, type Network } from './network/network.ts'

const SHIFT_CLOCK = new URL('clock/shift-clock.ts', import.meta.url).href
const UNLIMITED = '1000000000'
/** No order waits longer for anything, so a run ends soon after its last fault. */
const DEADLINE_MS = 20_000

/** A shop that is there to be attacked. */
export interface ChaosShop extends Shop {
  gateways: () => string[]
  operatorSecret: string
  /** The card processor's own books. */
  ledgerFile: string
  failpointsDir: string
  /** Where a file for each instance says how wrong its clock is. */
  clockDir: string
  /** Of PostgreSQL, on every machine that it runs on. */
  postgresLogs: readonly string[]
  network: Network
  /** What PostgreSQL keeps its data on, where it was given a disk of its own. */
  disk: SmallDisk | undefined
  /** Where its servers are on machines that can be lost. */
  machines: Machines | undefined
  signal: AbortSignal
}

export interface ChaosShopOptions {
  /** Holds the shop's state. */
  folder: string
  env?: ServiceSettings
  /** A pattern to take out of every process. */
  without?: Pattern | undefined
  /** PostgreSQL on a small disk, which can be filled; needs the right to mount. */
  hasSmallDisk?: boolean
  /** With the servers to use, in place of its own. */
  machines?: Machines | undefined
  note?: (line: string) => void
  signal: AbortSignal
}

/** Two instances of everything that may have two, short deadlines, no limits of one customer. */
export async function startChaosShop({
  folder,
  env = {},
  without,
  hasSmallDisk = false,
  machines,
  note = () => undefined,
  signal,
}: ChaosShopOptions): Promise<ChaosShop> {
  const stateDir = join(folder, 'shop')
  const failpointsDir = join(folder, 'failpoints')
  const clockDir = join(folder, 'clock')
  for (const dir of [failpointsDir, clockDir]) mkdirSync(dir, { recursive: true })
  const network = createNetwork()
  const mutation = without && withoutPattern(without)
  const disk = hasSmallDisk ? giveSmallDisk(stateDir, note) : undefined
  const shop = await startShop({
    root: ROOT,
    stateDir,
    useDefaultPorts: false,
    config: { ...readConfig(), given: machines?.given ?? {} },
    instances: { gateway: 2 },
    signal,
    probe: false,
    via: network.via,
    env: {
      ...env,
      all: {
        FAILPOINTS_DIR: failpointsDir,
        CHAOS_CLOCK_DIR: clockDir,
        NODE_OPTIONS: [`--import=${SHIFT_CLOCK}`, mutation?.importOption].filter(Boolean).join(' '),
        ...(mutation && { LEPTON_MUTANT: mutation.LEPTON_MUTANT }),
        ...env.all,
      },
      gateway: {
        RATE_LIMIT_PER_MINUTE: UNLIMITED,
        ADDRESS_LIMIT_PER_MINUTE: UNLIMITED,
        SESSION_LIMIT_PER_MINUTE: UNLIMITED,
        SUBJECT_MAX_IN_FLIGHT: UNLIMITED,
        ...env.gateway,
      },
      order: {
        ORDER_DEADLINE_MS: String(DEADLINE_MS),
        ORDER_PAYMENT_WAIT_MS: String(DEADLINE_MS),
        ORDER_MAX_OPEN_PER_CUSTOMER: UNLIMITED,
        ORDER_MAX_UNPAID_UNITS_PER_CUSTOMER: UNLIMITED,
        ...env.order,
      },
    },
  }).catch((error: unknown) => {
    disk?.unmount()
    throw error
  })
  const isUsed = disk !== undefined && existsSync(join(disk.folder, 'data'))
  if (disk !== undefined && !isUsed) note('no disk is filled, since PostgreSQL keeps its data elsewhere here')
  const readSecret = (name: string) => readFileSync(join(stateDir, 'secrets', name), 'utf8').trim()
  const addresses = await Promise.all(
    shop
      .instances()
      .filter(({ service }) => service === 'gateway')
      .map(async ({ instance, url = '' }) => {
        const { host } = new URL(url)
        return `http://${await network.via({ from: 'customers', to: instance, address: host })}`
      }),
  )
  return {
    ...shop,
    gateways: () => addresses,
    network,
    disk: isUsed ? disk : undefined,
    machines,
    stop: async () => {
      await shop.stop()
      disk?.unmount()
      await network.close()
    },
    operatorSecret: readSecret('operator.secret'),
    ledgerFile: join(stateDir, 'instances', 'psp-1', 'ledger.sqlite'),
    failpointsDir,
    clockDir,
    postgresLogs: machines?.postgresLogs ?? [join(stateDir, 'logs', 'postgres.log')],
    signal,
  }
}

function giveSmallDisk(stateDir: string, note: (line: string) => void): SmallDisk | undefined {
  const disk = mountSmallDisk(join(stateDir, 'postgres'))
  if (typeof disk !== 'string') return disk
  note(`no disk is filled, since none can be mounted here: ${disk}`)
  return undefined
}
