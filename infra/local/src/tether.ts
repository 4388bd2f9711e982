import { spawnSync } from 'node:child_process'

/**
 * What ties a child to the launcher's life: with `setpriv` the kernel signals the child when the launcher dies.
 *
 * The shell in between closes the gap before that: a launcher that died earlier is not the shell's parent any more.
 */
const CHECK_PARENT = 'test "$PPID" = "$0" && exec "$@"'

const SETPRIV = 'setpriv'

/** Whether this system can signal a child when its parent dies. */
export const canTether =
  process.platform === 'linux' && spawnSync(SETPRIV, ['--pdeathsig', 'KILL', 'true']).status === 0

/** The command, tied to this process's life where that is possible. `prefix` (a change of user) goes outside. */
export function tether(command: string[], deathSignal: 'KILL' | 'INT', prefix: string[] = []): string[] {
  if (!canTether) return [...prefix, ...command]
  const pid = String(process.pid)
  return [...prefix, SETPRIV, '--pdeathsig', deathSignal, 'sh', '-c', CHECK_PARENT, pid, ...command]
}
