import { answer, type Endpoint } from '@lepton/common/http/app'
import { nameOf } from '@lepton/common/http/auth'
import type { Log } from '@lepton/common/runtime/log'
import { Unavailable } from '@lepton/common/runtime/problem'
import {
  EXPERIMENT_MAX_S,
  getRecording,
  listExperiments,
  startExperiment,
  stopExperiment,
} from '@lepton/contracts/experiments'
import type { Capabilities } from '@lepton/contracts/processes'
import { refuse } from '@lepton/shop/refuse'
import { type Laboratory, LauncherRefused } from './launcher.ts'
import type { Marks } from './marks.ts'
import { noteAct } from './note-act.ts'
import { asked, type Once } from './once.ts'

const COMMAND = 'corepack pnpm chaos --mutants --only PATTERN'
const REASONS: Record<Capabilities['runtime'], string> = {
  local: 'The launcher that runs the processes does not answer.',
  compose: 'Docker Compose runs the processes, and gives no container the right to start a second shop.',
  kubernetes: 'Kubernetes runs the processes, and gives no pod the right to start a second shop.',
  external: 'What runs the processes is not known here.',
}

/** Experiments that leave a pattern out: the launcher runs them, on shops beside this one. */
export function experimentRoutes({
  launcher,
  runtime,
  ...deps
}: {
  launcher: Laboratory | undefined
  runtime: Capabilities['runtime']
  marks: Marks
  log: Log
  once: Once
}): Endpoint[] {
  const reason = REASONS[runtime]

  function requireLauncher(): Laboratory['experiments'] {
    if (launcher !== undefined) return launcher.experiments
    throw refuse('not-possible-here', `${reason} Type in a checkout: ${COMMAND}`)
  }
  const refusedAs = (slug: 'not-found' | 'request-in-progress') => (error: unknown) => {
    if (error instanceof LauncherRefused) throw refuse(slug, error.message)
    if (error instanceof Unavailable) throw refuse('not-possible-here', REASONS.local)
    throw error
  }

  return [
    answer(listExperiments, async () => {
      const items = await launcher?.experiments.list().catch((error: unknown) => {
        deps.log.debug({ err: error }, 'the launcher does not answer about experiments')
        return undefined
      })
      const body =
        items === undefined
          ? { allowed: false, reason, command: COMMAND, items: [] }
          : { allowed: true, items }
      return { status: 200, body: { max_s: EXPERIMENT_MAX_S, ...body } }
    }),

    answer(startExperiment, (call) =>
      deps.once(asked(call), async () => {
        const { without: pattern, seed, reason: why } = call.body
        const body = await requireLauncher().start({ pattern, seed }).catch(refusedAs('request-in-progress'))
        const what = `experiment without ${pattern}: begun`
        noteAct(deps, { who: nameOf(call.caller), reason: why, action: 'experiment', name: body.id, what })
        return { status: 202, body }
      }),
    ),

    answer(stopExperiment, (call) =>
      deps.once(asked(call), async () => {
        const body = await requireLauncher().stop(call.params.experiment).catch(refusedAs('not-found'))
        const what = `experiment without ${body.pattern}: ${body.state}`
        const { reason: why } = call.body
        noteAct(deps, {
          who: nameOf(call.caller),
          reason: why,
          action: 'end experiment',
          name: body.id,
          what,
        })
        return { status: 202, body }
      }),
    ),

    answer(getRecording, async ({ params }) => ({
      status: 200,
      body: await requireLauncher().recording(params.experiment).catch(refusedAs('not-found')),
    })),
  ]
}
