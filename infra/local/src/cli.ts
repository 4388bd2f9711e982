import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { runBackup } from './backup/run-backup.ts'
import { CannotStart } from './cannot-start.ts'
import { readCommand, readLevel, readLines, readSince, USAGE, type ShopCommand } from './cli-args.ts'
import { readConfig } from './config.ts'
import { runConfig } from './config-cli.ts'
import { asSetting } from './scale-args.ts'
import { askControl } from './control.ts'
import type { InstanceInfo } from './fleet.ts'
import { lockHolder } from './lock.ts'
import { showLogs } from './logs.ts'
import { isOperation, runOperation } from './ops-cli.ts'
import { signalIfThere } from './process-info.ts'
import type { ServerInfo, Shop } from './shop-types.ts'

const STOP_TIMEOUT_MS = 30_000
const STOP_POLL_MS = 50

interface Running {
  urls: Shop['urls']
  servers: ServerInfo[]
  instances: InstanceInfo[]
}

const print = (text: string) => void process.stdout.write(`${text}\n`)

async function main() {
  const command = readCommand(process.argv.slice(2))
  if (command === undefined) return print(USAGE.trimEnd())
  const { name, args, values } = command
  const stateDir = resolve(command.stateDir)
  if (isOperation(name)) return print(await runOperation({ ...command, stateDir }, print))
  if (name === 'logs') return await logs(join(stateDir, 'logs'), command)
  if (name === 'stop') return await stop(stateDir)

  if (/^(config|scale|backup)\b/.test(name)) {
    const { urls, servers } = (await askControl(stateDir, { command: 'ps', args: [] })) as Running
    const isGiven = servers.some(({ name: server, status }) => server === 'consul' && status === 'given')
    const own = join(stateDir, 'secrets', 'consul-operator.secret')
    const consul = { address: urls.consul, tokenFile: isGiven ? readConfig().given.consulTokenFile : own }
    if (name === 'backup') return await runBackup(resolve(args[0]!), { stateDir, servers, consul }, print)
    return await runConfig(name === 'scale' ? asSetting(command) : command, consul, print)
  }

  const result = await askControl(stateDir, { command: name, args })
  if (name === 'ps') print(values.json === true ? asJson(result as Running) : table(result as Running))
  else if (typeof result === 'string') print(result)
}

function logs(folder: string, { args, values }: ShopCommand): Promise<void> {
  const { order: orderId, level, since, lines = '100' } = values
  const query = {
    names: args,
    orderId,
    level: level === undefined ? undefined : readLevel(level),
    sinceMs: since === undefined ? undefined : readSince(since),
    lines: readLines(lines),
    isRaw: values.json === true,
    isFollowing: values.follow === true,
  }
  return showLogs(folder, query, print)
}

/** Resolves when the launcher has given the state directory back, so that the next start finds it free. */
async function stop(stateDir: string): Promise<void> {
  const pid = lockHolder(stateDir)
  if (pid === undefined) throw new CannotStart(`No shop runs on ${stateDir}.`)
  // A shop that is still starting listens to signals only.
  await askControl(stateDir, { command: 'stop', args: [] }).catch(() => signalIfThere(pid, 'SIGTERM'))
  const deadline = Date.now() + STOP_TIMEOUT_MS
  while (lockHolder(stateDir) === pid) {
    if (Date.now() > deadline) {
      throw new CannotStart(
        `The shop has not stopped after ${STOP_TIMEOUT_MS / 1000} s: it is process ${pid}.`,
      )
    }
    await delay(STOP_POLL_MS)
  }
  print('stopped')
}

function asJson({ urls, servers, instances }: Running): string {
  const open = servers.map((server) => ({ ...server, address: withoutPassword(server.address) }))
  return JSON.stringify({ urls, servers: open, instances }, undefined, 2)
}

function withoutPassword(address: string): string {
  return address.replace(/\/\/.*@/, '//')
}

function table({ urls, servers, instances }: Running): string {
  const rows = [
    ['NAME', 'STATUS', 'PID', 'RESTARTS', 'ADDRESS'],
    ...servers.map(({ name, status, pid, restarts, address }) => {
      return [name, status, pid ?? '-', restarts, withoutPassword(address)]
    }),
    ...instances
      .sort((left, right) => left.instance.localeCompare(right.instance))
      .map(({ instance, status, pid, restarts, url }) => [
        instance,
        status,
        pid ?? '-',
        restarts,
        url ?? '-',
      ]),
  ].map((row) => row.map(String))
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n\n${urls.gateway}`
}

// `logs | head` closes the pipe: that ends the command and is no fault.
process.stdout.on('error', () => process.exit())
main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
})
