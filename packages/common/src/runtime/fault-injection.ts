import { existsSync, readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Every boundary at which a process can be made to die. */
export const FAILPOINTS = [
  'http.before_commit',
  'http.after_commit',
  'inbox.after_insert',
  'consumer.after_commit_before_offset',
  'relay.after_select',
  'relay.after_send',
  'relay.after_delete',
  'psp.before_call',
  'psp.after_call',
  'tcc.after_register',
  'tcc.after_try_1',
  'tcc.after_try_2',
  'tcc.after_decision',
  'tcc.mid_confirm',
  'timer.after_claim',
  'dlq.before_park',
  'dlq.after_park',
] as const

export type Failpoint = (typeof FAILPOINTS)[number]
export type FailpointAction = 'exit' | 'stop' | 'throw'

/** What was injected by a failpoint that throws. */
export class InjectedFault extends Error {}

let armed: { folder: string; service: string } | undefined

/**
 * Lets this process be harmed on purpose. Called once at start.
 *
 * @throws Error outside development
 */
export function injectFaults(
  service: string,
  {
    LEPTON_ENV,
    FAILPOINTS_DIR: folder,
  }: { LEPTON_ENV: 'development' | 'production'; FAILPOINTS_DIR?: string | undefined },
): void {
  if (LEPTON_ENV !== 'development' && folder !== undefined) {
    throw new Error('FAILPOINTS_DIR is for LEPTON_ENV=development only.')
  }
  armed = folder === undefined ? undefined : { folder, service }
}

/**
 * A place where a process can be made to die. Costs one comparison unless FAILPOINTS_DIR is set.
 *
 * A file `<service>.<name>`, or `<name>` for any service, arms it in that folder. Its content is the action: `exit`
 * (SIGKILL), `stop` (SIGSTOP, until a SIGCONT) or `throw`. The process that removes the file acts, so one instance
 * dies, once, also when it passes again after its restart.
 *
 * @throws InjectedFault when armed with `throw`
 */
export function failpoint(name: Failpoint): void {
  if (armed === undefined) return
  for (const file of [join(armed.folder, `${armed.service}.${name}`), join(armed.folder, name)]) {
    const action = disarm(file)
    if (action === 'exit') process.kill(process.pid, 'SIGKILL')
    if (action === 'stop') process.kill(process.pid, 'SIGSTOP')
    if (action === 'throw') throw new InjectedFault(`The failpoint ${name} was armed.`)
  }
}

function disarm(file: string): string | undefined {
  if (!existsSync(file)) return undefined
  try {
    const action = readFileSync(file, 'utf8').trim()
    unlinkSync(file)
    return action
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
