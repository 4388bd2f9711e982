import { answer, type Endpoint } from '@lepton/common/http/app'
import { nameOf } from '@lepton/common/http/auth'
import type { Log } from '@lepton/common/runtime/log'
import { getStreamRebuild, getWindows, rebuildStreams } from '@lepton/contracts/windows'
import { refuse } from '@lepton/shop/refuse'
import type { Marks } from '../marks.ts'
import { noteAct } from '../note-act.ts'
import { asked, type Once } from '../once.ts'
import type { WindowReader } from './window-reader.ts'

/** Figures by event time, from the log alone. */
export function windowRoutes(
  reader: WindowReader,
  { name: instance, once, ...deps }: { name: string; marks: Marks; once: Once; log: Log },
): Endpoint[] {
  return [
    answer(getWindows, ({ query: { per, limit } }) => {
      const now = new Date()
      const body = {
        as_of: now.toISOString(),
        incomplete: [],
        instance,
        is_current: reader.isCurrent(),
        ...reader.windows().tally(),
        windows: reader.windows().list(per, now.getTime(), limit),
      }
      return Promise.resolve({ status: 200, body })
    }),

    answer(rebuildStreams, (call) =>
      once(asked(call), () => {
        const who = nameOf(call.caller)
        const { reason } = call.body
        noteAct(deps, { who, reason, action: 'rebuild', name: 'streams', what: 'rebuild: begun' })
        return Promise.resolve({ status: 202, body: reader.rebuild() })
      }),
    ),

    answer(getStreamRebuild, () => {
      const rebuild = reader.rebuilt()
      if (rebuild === undefined) throw refuse('not-found', 'The windows were not rebuilt since ops started.')
      return Promise.resolve({ status: 200, body: rebuild })
    }),
  ]
}
