import { answer, type Endpoint } from '@lepton/common/http/app'
import { ask } from '@lepton/common/http/ask'
import type { MeshClient } from '@lepton/common/mesh/client'
import type { KnownInstance } from '@lepton/common/mesh/membership'
import { trailRoute } from '@lepton/contracts/ops-timeline'
import { getOrderHead } from '@lepton/contracts/ops-orders'
import { getOrderTrace, OrderTrace, type TraceSpan } from '@lepton/contracts/ops-trace'
import { CALLERS, PUBLISHERS } from '@lepton/contracts/services'
import { partsOf } from '@lepton/shop/incomplete'
import type { AskInstance } from './ask-instance.ts'

/** An order has one trace; one that operators acted on has theirs besides. */
const MAX_TRACES = 8
const MAX_SPANS = 1_000

const Spans = OrderTrace.shape.spans.element.omit({ service: true, instance: true }).array()

/** The trace of an order: its events name it, and each process has its own spans of it. */
export function traceRoute(mesh: MeshClient, askInstance: AskInstance): Endpoint {
  async function spansOf(service: string, instance: KnownInstance, traceId: string): Promise<TraceSpan[]> {
    const spans = Spans.parse(await askInstance({ ...instance, service }, `/spans?trace_id=${traceId}`))
    return spans.map((span) => ({ ...span, service, instance: instance.name }))
  }

  return answer(getOrderTrace, async ({ params, caller: { as } }) => {
    const as_of = new Date().toISOString()
    await ask(mesh, getOrderHead, { params, as })
    const trails = await partsOf(PUBLISHERS, (service) => ask(mesh, trailRoute(service), { params, as }))
    const events = [...trails.parts.values()].flatMap((part) => part.events)
    const named = new Set(events.flatMap(({ trace_id }) => trace_id ?? []))
    const trace_ids = [...named].slice(0, MAX_TRACES)

    const silent = new Set<string>()
    const asked = CALLERS.flatMap((service) =>
      mesh
        .instances(service)
        .filter(({ tier }) => tier !== 'gone')
        .flatMap((instance) =>
          trace_ids.map((traceId) =>
            spansOf(service, instance, traceId).catch(() => {
              silent.add(service)
              return []
            }),
          ),
        ),
    )
    const spans = (await Promise.all(asked)).flat()
    const body = {
      as_of,
      incomplete: [
        ...trails.incomplete,
        ...[...silent]
          .filter((service) => !trails.incomplete.some((one) => one.service === service))
          .map((service) => ({ service, problem: 'unavailable' })),
      ],
      trace_ids,
      spans: spans.sort((a, b) => a.started_at_ms - b.started_at_ms).slice(0, MAX_SPANS),
    }
    return { status: 200, body }
  })
}
