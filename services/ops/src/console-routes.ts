import { answer, type Endpoint } from '@lepton/common/http/app'
import { getCapabilities, getInstance, listServices } from '@lepton/contracts/processes'
import { getOverview, getSeries } from '@lepton/contracts/console'
import { refuse } from '@lepton/shop/refuse'
import type { Actions } from './actions.ts'
import { STEP_MS } from './series.ts'
import { overviewOf, type ShopState } from './state.ts'
import { instanceView, serverViews, serviceViews, silentOf } from './views.ts'

const MARKS_SHOWN = 200

/** What the console reads of the machinery. */
export function consoleRoutes(state: ShopState, actions: Pick<Actions, 'capabilities'>): Endpoint[] {
  const { observer, series, marks } = state
  return [
    answer(getCapabilities, () => Promise.resolve({ status: 200, body: actions.capabilities() })),

    answer(getOverview, () => Promise.resolve({ status: 200, body: overviewOf(state) })),

    answer(getSeries, ({ query: { names, last_s } }) => {
      const steps = Math.floor((last_s * 1_000) / STEP_MS)
      const t0 = new Date(Date.now() - (steps - 1) * STEP_MS).toISOString()
      const body = {
        t0,
        step_ms: STEP_MS,
        series: series.read(names?.split(','), steps),
        marks: marks.latest(MARKS_SHOWN).filter(({ at }) => at >= t0),
      }
      return Promise.resolve({ status: 200, body })
    }),

    answer(listServices, () => {
      const items = serviceViews(observer)
      const servers = serverViews(observer.running())
      const body = { as_of: new Date().toISOString(), incomplete: silentOf(items), items, servers }
      return Promise.resolve({ status: 200, body })
    }),

    answer(getInstance, ({ params: { name } }) => {
      const seen = observer.fleet.all().find((one) => one.name === name)
      if (seen === undefined) throw refuse('not-found', 'There is no such instance.')
      const snapshot = observer.sampler.of(name)?.snapshot
      const body = {
        ...instanceView(seen, observer),
        routes: snapshot?.requests ?? [],
        calls: snapshot?.calls ?? [],
      }
      return Promise.resolve({ status: 200, body })
    }),
  ]
}
