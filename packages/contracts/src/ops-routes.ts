import { getOverview, getPulse, getSeries, streamPulse, streamShop } from './console.ts'
import { groupDeadLetters, letterGroupsRoute } from './dead-letter-groups.ts'
import {
  deadLetterRoutes,
  discardDeadLetter,
  getDeadLetter,
  listDeadLetters,
  replayDeadLetters,
} from './dead-letter-routes.ts'
import { actionsRoute, listActions, listLogs } from './ops-activity.ts'
import { getOpsOrder, getOrderMoney, getOrderStock } from './ops-order-parts.ts'
import {
  askOrderStatus,
  cancelOpsOrder,
  getOrderHead,
  getOrderVersions,
  listOpsOrders,
  refundOpsOrder,
} from './ops-orders.ts'
import { getOwnSagas, getSagas, listAnomalies } from './ops-sagas.ts'
import { listHeld, listStock } from './ops-stock.ts'
import { appliedRoute, getTimeline, trailRoute } from './ops-timeline.ts'
import { getOrderTrace } from './ops-trace.ts'
import { CONSUMERS, PUBLISHERS } from './services.ts'
import {
  actOnInstance,
  actOnServer,
  addInstances,
  getCapabilities,
  getInstance,
  listServices,
  removeInstance,
} from './processes.ts'
import { republishEvents, republishRoute } from './republish.ts'

/** Every route that only operators use. */
export const OPS_ROUTES = [
  listDeadLetters,
  replayDeadLetters,
  getDeadLetter,
  discardDeadLetter,
  republishEvents,
  ...CONSUMERS.flatMap((owner) => Object.values(deadLetterRoutes(owner))),
  ...PUBLISHERS.map(republishRoute),
]

export const OPS_LIST_ROUTES = [
  getSagas,
  getOwnSagas,
  listAnomalies,
  groupDeadLetters,
  listStock,
  listHeld,
  listActions,
  listLogs,
  ...CONSUMERS.map(letterGroupsRoute),
  ...PUBLISHERS.map(actionsRoute),
]

export const OPS_ORDER_ROUTES = [
  listOpsOrders,
  getOpsOrder,
  getTimeline,
  getOrderVersions,
  getOrderTrace,
  cancelOpsOrder,
  refundOpsOrder,
  askOrderStatus,
  getOrderHead,
  getOrderStock,
  getOrderMoney,
  ...PUBLISHERS.map(trailRoute),
  ...CONSUMERS.map(appliedRoute),
]

export const CONSOLE_ROUTES = [
  getPulse,
  streamPulse,
  streamShop,
  getCapabilities,
  getOverview,
  getSeries,
  listServices,
  getInstance,
  addInstances,
  removeInstance,
  actOnInstance,
  actOnServer,
]
