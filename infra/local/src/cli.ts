import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { CannotStart, describeFailure } from './cannot-start.ts'
import { askControl } from './control.ts'
import { lastLines } from './log-file.ts'
import { isOperation, OPS_USAGE, runOperation } from './ops-cli.ts'
import { STATE_DIR } from './root.ts'
import type { InstanceInfo } from './fleet.ts'
import type { ServerInfo, Shop } from './shop-types.ts'

const FOLLOW_POLL_MS = 200
const LOG_LINES = 40

const USAGE = `pnpm shop <command>     steers the shop that \`npm start\` runs

  ps                               what runs, and where
  add order                        one more instance of a service
  remove order-2                   drain an instance and let it go
  restart order-1                  drain it and start it again
  kill order-1 [SIGTERM]           signal it (SIGKILL); the launcher starts it again
  pause order-1 | resume order-1   stop it in its tracks, and let it go on
  wipe kafka                       lose its log and groups; republish brings the log back
  logs [-f] order | order-1        the last lines, of every instance of a service or of one
  stop                             stop the shop

${OPS_USAGE}
kill, pause, resume, restart and logs also take postgres, kafka and consul.
  --state-dir DIR                  of another shop than this checkout's
  --url URL --secret-file FILE     of a shop that runs elsewhere (dead-letters, republish)
`

const EXPECTED_ARGS: Record<string, number> = {
  ps: 0,
  add: 1,
  remove: 1,
  restart: 1,
  kill: 1,
  pause: 1,
  resume: 1,
  wipe: 1,
  stop: 0,
}

async function main() {
  if (isOperation(process.argv[2])) {
    return void process.stdout.write(`${await runOperation(process.argv.slice(2))}\n`)
  }
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      follow: { type: 'boolean', short: 'f', default: false },
      'state-dir': { type: 'string', default: STATE_DIR },
    },
  })
  const [command = '', ...args] = positionals
  const stateDir = resolve(values['state-dir'])
  if (values.help || command === '') return void process.stdout.write(USAGE)
  if (command === 'logs') return showLogs(join(stateDir, 'logs'), args, values.follow)
  const expected = EXPECTED_ARGS[command]
  if (expected === undefined || args.length < expected) throw new CannotStart(USAGE)

  const result = await askControl(stateDir, { command, args })
  if (command === 'ps') process.stdout.write(table(result as Running))
  else process.stdout.write(typeof result === 'string' ? `${result}\n` : '')
}

type Running = { urls: Shop['urls']; servers: ServerInfo[]; instances: InstanceInfo[] }

function table({ urls, servers, instances }: Running): string {
  const rows = [
    ['NAME', 'STATUS', 'PID', 'RESTARTS', 'ADDRESS'],
    ...servers.map(({ name, status, pid, restarts, address }) => {
      return [name, status, pid ?? '-', restarts, address.replace(/\/\/.*@/, '//')]
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
  return `${lines.join('\n')}\n\n${urls.gateway}\n`
}

async function showLogs(folder: string, names: string[], isFollowing: boolean) {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.log')) : []
  const chosen = files
    .filter(
      (file) =>
        names.length === 0 || names.some((name) => file === `${name}.log` || file.startsWith(`${name}-`)),
    )
    .map((file) => join(folder, file))
  if (chosen.length === 0)
    throw new CannotStart(`There is no log of ${names.join(', ') || 'anything'} in ${folder}.`)
  const sizes = new Map(chosen.map((file) => [file, statSync(file).size]))
  for (const file of chosen) for (const line of lastLines(file, LOG_LINES)) process.stdout.write(`${line}\n`)
  while (isFollowing) {
    await delay(FOLLOW_POLL_MS)
    for (const file of chosen) {
      const { size } = statSync(file)
      const from = sizes.get(file) ?? 0
      sizes.set(file, size)
      if (size === from) continue
      // A shorter file was rotated: what it holds is new.
      const start = size < from ? 0 : from
      for await (const chunk of createReadStream(file, { start, end: size - 1 }))
        process.stdout.write(chunk as Buffer)
    }
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${describeFailure(error)}\n`)
  process.exitCode = 1
})
