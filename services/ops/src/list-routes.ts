import { answer, type Endpoint } from '@lepton/common/http/app'
import { ask } from '@lepton/common/http/ask'
import type { Changed } from '@lepton/common/mesh/control/control'
import type { MeshClient } from '@lepton/common/mesh/client'
import { CONSUMERS, PUBLISHERS } from '@lepton/contracts/services'
import { deadLetterRoutes } from '@lepton/contracts/dead-letter-routes'
import { actionsRoute, listActions, listLogs } from '@lepton/contracts/ops-activity'
import { getOwnSagas, getSagas } from '@lepton/contracts/ops-sagas'
import { groupDeadLetters, letterGroupsRoute } from '@lepton/contracts/dead-letter-groups'
import { listUnsettledPayments } from '@lepton/contracts/payment-ops'
import type { Actions } from './actions.ts'
import { partsOf } from '@lepton/shop/incomplete'
import type { Marks } from './marks.ts'
import type { Observer } from './observer.ts'
import { whyStuck } from './stuck.ts'
import { serviceViews } from './views.ts'

const MAX_SEEN = '100'

/** Lists over all services. */
export function listRoutes({
  mesh,
  observer,
  marks,
  changes,
  logs,
}: {
  mesh: MeshClient
  observer: Pick<Observer, 'fleet' | 'sampler' | 'running'>
  marks: Marks
  /** Of the settings, newest first. */
  changes: () => readonly Changed[]
  logs: Actions['logs']
}): Endpoint[] {
  return [
    answer(getSagas, async ({ caller: { as } }) => {
      const as_of = new Date().toISOString()
      const [own, letters, payments] = await Promise.all([
        ask(mesh, getOwnSagas, { as }),
        partsOf(CONSUMERS, (owner) =>
          ask(mesh, deadLetterRoutes(owner).list, { query: { limit: MAX_SEEN }, as }),
        ),
        partsOf(['payment'], () =>
          ask(mesh, listUnsettledPayments, { query: { min_attempts: '1', limit: MAX_SEEN }, as }),
        ),
      ])
      const around = {
        services: serviceViews(observer),
        letters: new Map(
          [...letters.parts.values()].flatMap(({ items }) => items.map((one) => [one.key, one])),
        ),
        unsettled: new Map(payments.parts.get('payment')?.items.map((one) => [one.order_id, one])),
      }
      const body = {
        as_of,
        incomplete: [...letters.incomplete, ...payments.incomplete],
        steps: own.steps,
        stuck: own.stuck.map((order) => ({ ...order, ...whyStuck(order, around) })),
      }
      return { status: 200, body }
    }),

    answer(groupDeadLetters, async ({ query, caller: { as } }) => {
      const as_of = new Date().toISOString()
      const { parts, incomplete } = await partsOf(CONSUMERS, (owner) =>
        ask(mesh, letterGroupsRoute(owner), { query, as }),
      )
      const items = [...parts]
        .flatMap(([service, part]) => part.items.map((group) => ({ service, ...group })))
        .sort((a, b) => b.dead + b.blocked - (a.dead + a.blocked))
      return { status: 200, body: { as_of, incomplete, items } }
    }),

    answer(listActions, async ({ query, caller: { as } }) => {
      const as_of = new Date().toISOString()
      const { before, limit } = query
      const asked = { limit: String(limit), ...(before !== undefined && { before }) }
      const { parts, incomplete } = await partsOf(PUBLISHERS, (owner) =>
        ask(mesh, actionsRoute(owner), { query: asked, as }),
      )
      const ofServices = [...parts].flatMap(([service, part]) =>
        part.items.map((one) => ({ service, ...one })),
      )
      const own = [...actsIn(marks), ...changes().map(asAct)]
      const items = [...ofServices, ...own.filter(({ at }) => before === undefined || at < before)]
        .sort((a, b) => (a.at < b.at ? 1 : -1))
        .slice(0, limit)
      return { status: 200, body: { as_of, incomplete, items } }
    }),

    answer(listLogs, async ({ query }) => ({
      status: 200,
      body: { as_of: new Date().toISOString(), items: await logs(query) },
    })),
  ]
}

/** What was done to processes: it is in no database. */
function actsIn(marks: Marks) {
  return marks
    .latest(Number.POSITIVE_INFINITY)
    .filter(({ kind }) => kind === 'action')
    .map(({ at, who, name, what, reason }) => {
      const [action = what, result = null] = what.split(': ')
      return { service: 'ops', at, who: who ?? '', action, target: name, reason, result }
    })
}

/** A setting that was changed, from here or from the command line. */
function asAct({ at, who, why, key, before, after }: Changed) {
  const result = `${before ?? 'not set'} → ${after ?? 'not set'}`
  return { service: 'ops', at, who, action: 'set', target: key, reason: why || null, result }
}
