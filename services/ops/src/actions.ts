import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '@lepton/common/runtime/log'
import { Unavailable } from '@lepton/common/runtime/problem'
import { ACTIONS, type ActResult, type Capabilities } from '@lepton/contracts/processes'
import { MAX_LOG_LINES, type OpsAction, type RunningShop } from '@lepton/contracts/control'
import type { listLogs, LogLine } from '@lepton/contracts/ops-activity'
import { refuse } from '@lepton/shop/refuse'
import type { z } from 'zod'
import { type Launcher, LauncherRefused } from './launcher.ts'
import { composeCommand } from './compose-command.ts'
import { kubernetesCommand } from './kubernetes-command.ts'
import { readLogLine } from './log-line.ts'
import type { Marks } from './marks.ts'
import { noteAct } from './note-act.ts'

type Action = (typeof ACTIONS)[number]

/** How long the effect is looked for before the answer says that it was not seen. */
const OBSERVE_MS = 2_000
const LOOK_MS = 50

type Runtime = Capabilities['runtime']
const UNKNOWN = 'What runs the processes is not known here.'
const REASONS: Record<Runtime, string> = {
  local: UNKNOWN,
  compose: 'Docker Compose runs the processes, and gives no container the right to end another.',
  kubernetes: 'Kubernetes runs the processes, and gives no pod the right to end another.',
  external: UNKNOWN,
}
const COMMANDS: Partial<Record<Runtime, (action: Action, name: string) => string | undefined>> = {
  compose: composeCommand,
  kubernetes: kubernetesCommand,
}
const LOGS: Partial<Record<Runtime, (service?: string) => string>> = {
  compose: (service = '') => `docker compose logs ${service}`,
  kubernetes: (service) =>
    `kubectl -n lepton logs --prefix -l app.kubernetes.io/${service === undefined ? 'part-of=lepton' : `name=${service}`}`,
}
const AWAY = 'The launcher that runs the processes does not answer.'

type LogQuery = z.output<(typeof listLogs)['query']>

/** Who does it, and why. */
export interface By {
  who: string
  reason: string
}

export interface Actions {
  capabilities(): Capabilities
  /** Does it and looks whether it happened; `seconds` for a pause. */
  strike(action: 'kill' | 'pause', name: string, seconds: number, by: By): Promise<ActResult>
  /** What runs now. @throws Refusal `not-possible-here` where it is not known, with the command to type */
  requireRunning(): Promise<RunningShop>
  /** Lets a paused process go on before its time. */
  resume(name: string, by: By): Promise<ActResult>
  /** What the processes have logged, oldest first. */
  logs(query: LogQuery): Promise<LogLine[]>
  /** Begins what takes seconds; its end is seen among the instances. */
  begin(action: Exclude<OpsAction, 'kill' | 'pause' | 'resume'>, name: string, by: By): Promise<ActResult>
}

export function createActions({
  launcher,
  runtime,
  isAnswering,
  marks,
  log,
}: {
  launcher: Launcher | undefined
  runtime: Runtime
  /** Whether the launcher answered the last time it was asked. */
  isAnswering: () => boolean
  marks: Marks
  log: Log
}): Actions {
  const reason = REASONS[runtime]
  function commandFor(action: Action, name: string): { command?: string } {
    const command = COMMANDS[runtime]?.(action, name)
    return command === undefined ? {} : { command }
  }

  function requireLauncher(action: Action, name: string): Launcher {
    if (launcher !== undefined) return launcher
    const { command } = commandFor(action, name)
    throw refuse('not-possible-here', command === undefined ? reason : `${reason} Type: ${command}`)
  }

  function note(action: string, name: string, by: By, result: string): void {
    noteAct({ log, marks }, { ...by, action, name, what: `${action}: ${result}` }, { result })
  }

  return {
    capabilities: () => ({
      runtime,
      actions: Object.fromEntries(
        ACTIONS.map((action) => [
          action,
          launcher === undefined
            ? { allowed: false, reason, ...commandFor(action, action === 'wipe' ? 'kafka' : 'order') }
            : isAnswering()
              ? { allowed: true }
              : { allowed: false, reason: AWAY },
        ]),
      ) as Capabilities['actions'],
    }),

    async strike(action, name, seconds, by) {
      const asked = requireLauncher(action, name)
      const running = await asked.running().catch(throwRefusal)
      const before = processIn(running, name)
      if (before === undefined) throw refuse('not-found', `There is no ${name}.`)
      const args = action === 'pause' ? [name, String(seconds)] : [name]
      await asked.act(action, ...args).catch(throwRefusal)
      const observed = await observe(asked, action, name, before)
      note(action, name, by, observed)
      return { name, action, observed }
    },

    requireRunning: () => requireLauncher('pause', 'order').running().catch(throwRefusal),

    async resume(name, by) {
      await requireLauncher('pause', name).act('resume', name).catch(throwRefusal)
      note('resume', name, by, 'done')
      return { name, action: 'resume', observed: 'resumed' }
    },

    async logs({ service, level, order_id, query, lines }) {
      if (launcher === undefined)
        throw refuse(
          'not-possible-here',
          LOGS[runtime] === undefined ? reason : `Type: ${LOGS[runtime](service)}`,
        )
      const request = { level, lines: query === undefined ? lines : MAX_LOG_LINES }
      const found = await launcher
        .logs({ ...request, ...(service && { name: service }), ...(order_id && { order_id }) })
        .catch(throwRefusal)
      const wanted = query === undefined ? found : found.filter((line) => line.includes(query))
      return wanted.flatMap((line) => readLogLine(line) ?? []).slice(-lines)
    },

    async begin(action, name, by) {
      const asked = requireLauncher(action, name)
      const isKnown =
        action === 'add' || processIn(await asked.running().catch(throwRefusal), name) !== undefined
      if (!isKnown) throw refuse('not-found', `There is no ${name}.`)
      const work = asked.act(action, name)
      // What else the launcher refuses, it refuses at once.
      const refused = await Promise.race([
        work.then(
          () => undefined,
          (error: unknown) => asRefusal(error),
        ),
        delay(LOOK_MS, undefined),
      ])
      if (refused !== undefined) throw refused
      note(action, name, by, 'begun')
      work.then(
        () => note(action, name, by, 'done'),
        (error: unknown) => note(action, name, by, `failed: ${(error as Error).message}`),
      )
      return { name, action, observed: 'begun' }
    },
  }
}

type Process = RunningShop['servers'][number] | RunningShop['instances'][number]

function processIn({ instances, servers }: RunningShop, name: string): Process | undefined {
  return instances.find(({ instance }) => instance === name) ?? servers.find((server) => server.name === name)
}

async function observe(
  launcher: Launcher,
  action: 'kill' | 'pause',
  name: string,
  before: Process,
): Promise<string> {
  for (let waited = 0; waited < OBSERVE_MS; waited += LOOK_MS) {
    const now = processIn(await launcher.running(), name)
    if (action === 'pause' && now?.status === 'paused') return 'paused'
    if (action === 'kill' && (now === undefined || now.pid !== before.pid)) return 'ended'
    await delay(LOOK_MS)
  }
  return 'not seen'
}

function throwRefusal(error: unknown): never {
  throw asRefusal(error)
}

function asRefusal(error: unknown): Error {
  if (error instanceof LauncherRefused) return refuse('not-found', error.message)
  if (error instanceof Unavailable) return refuse('not-possible-here', AWAY)
  return error as Error
}
