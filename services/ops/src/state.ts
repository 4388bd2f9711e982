import type { Books, FlowRow, OrderFigures } from '@lepton/contracts/figures'
import type { Overview, Pulse } from '@lepton/contracts/console'
import type { Marks } from './marks.ts'
import type { Observer } from './observer.ts'
import type { Point, SeriesRing } from './series.ts'
import { killsOf, pulseServices, serverViews, serviceViews, silentOf } from './views.ts'

const MARKS_SHOWN = 50

export interface ShopState {
  observer: Observer
  marks: Marks
  series: SeriesRing
  orders(): OrderFigures
  books(): Books
}

export function overviewOf(state: ShopState): Overview {
  const { observer, marks } = state
  const services = serviceViews(observer)
  return {
    as_of: new Date().toISOString(),
    incomplete: silentOf(services),
    services,
    servers: serverViews(observer.running()),
    orders: state.orders(),
    kills: killsOf(observer.running()),
    books: state.books(),
    marks: marks.latest(MARKS_SHOWN),
  }
}

export function pulseOf(state: ShopState, flow: FlowRow[]): Pulse {
  const { accepted, completed, in_flight, accepted_per_s } = state.orders()
  return {
    as_of: new Date().toISOString(),
    services: pulseServices(serviceViews(state.observer)),
    orders: { accepted, completed, in_flight, per_s: accepted_per_s },
    kills: killsOf(state.observer.running()),
    books: state.books(),
    flow,
  }
}

/** One step of every series. */
export function pointsOf(state: ShopState): Point[] {
  const { accepted_per_s, in_flight, completed_p50_ms, completed_p99_ms } = state.orders()
  const ofOrders = { accepted_per_s, in_flight, completed_p50_ms, completed_p99_ms }
  const services = serviceViews(state.observer)
  return [
    ...Object.entries(ofOrders).map(([name, value]) => ({ name, value })),
    ...services.flatMap(({ service, figures }) =>
      Object.entries(figures).map(([name, value]) => ({ name, labels: { service }, value })),
    ),
    ...services.flatMap(({ service, instances }) =>
      instances
        .filter(({ state: instanceState }) => instanceState !== 'gone')
        .flatMap(({ name: instance, figures: { cpu_share, loop_share, rss_bytes } }) =>
          Object.entries({ cpu_share, loop_share, rss_bytes }).map(([name, value]) => ({
            name,
            labels: { service, instance },
            value,
          })),
        ),
    ),
  ]
}
