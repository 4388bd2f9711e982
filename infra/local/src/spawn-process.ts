import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync } from 'node:fs'
import { openLog } from './log-file.ts'
import { weigh } from './priority.ts'
import type { ProcessSpec } from './process-spec.ts'
import { canTether, tether } from './tether.ts'

/** On one machine everything shares a few cores: the entrance weighs nine times as much as the other processes. */
const NICE = { entrance: -5, others: 5 }

/** Starts the process of a spec, once, with its log, its weight, and what ends it with the launcher. */
export function spawnProcess(spec: ProcessSpec): ChildProcess {
  const { command, deathSignal, prefix, uid, env, cwd, logFile } = spec
  const [file = '', ...args] = tether(command, deathSignal, prefix)
  const log = openLog(logFile)
  try {
    // A session of its own: Ctrl-C goes to the launcher, which stops things in order.
    const child = spawn(file, args, {
      cwd,
      ...(uid === undefined ? {} : { uid, gid: uid }),
      env: canTether ? env : { ...env, STOP_ON_STDIN_END: 'true' },
      detached: true,
      stdio: [canTether ? 'ignore' : 'pipe', log, log],
    })
    if (child.pid !== undefined) weigh(child.pid, spec.goesFirst === true ? NICE.entrance : NICE.others)
    return child
  } finally {
    closeSync(log)
  }
}
