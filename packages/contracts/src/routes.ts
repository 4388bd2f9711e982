import { ALARM_ROUTES } from './alarms.ts'
import { AUDIT_ROUTES } from './audit.ts'
import { BRANCH_ROUTES } from './branches.ts'
import { SCALING_ROUTES } from './scaling.ts'
import { CART_ROUTES } from './cart-routes.ts'
import { INVENTORY_ROUTES } from './inventory-routes.ts'
import { EXPERIMENT_ROUTES } from './experiments.ts'
import { FAULT_ROUTES } from './faults.ts'
import { GOVERNANCE_ROUTES } from './governance.ts'
import { MESH_ROUTES } from './mesh.ts'
import { CONSOLE_ROUTES, OPS_LIST_ROUTES, OPS_ORDER_ROUTES, OPS_ROUTES } from './ops-routes.ts'
import { ORDER_ROUTES } from './order-routes.ts'
import { PAYMENT_OPS_ROUTES } from './payment-ops.ts'
import { PAYMENT_ROUTES } from './payment-routes.ts'
import { PROMISE_ROUTES } from './promises.ts'
import { RECORDED_EVENT_ROUTES } from './recorded-events.ts'
import { REBUILD_ROUTES } from './rebuilds.ts'
import type { RouteDefinition } from './route.ts'
import { SESSION_ROUTES } from './session.ts'
import { STREAM_ROUTES } from './streams.ts'
import { TRANSACTION_ROUTES } from './transactions.ts'
import { WINDOW_ROUTES } from './windows.ts'

const routes = [
  ...SESSION_ROUTES,
  ...INVENTORY_ROUTES,
  ...CART_ROUTES,
  ...ORDER_ROUTES,
  ...PAYMENT_ROUTES,
  ...BRANCH_ROUTES,
  ...AUDIT_ROUTES,
  ...OPS_ROUTES,
  ...PAYMENT_OPS_ROUTES,
  ...OPS_ORDER_ROUTES,
  ...OPS_LIST_ROUTES,
  ...CONSOLE_ROUTES,
  ...PROMISE_ROUTES,
  ...ALARM_ROUTES,
  ...FAULT_ROUTES,
  ...EXPERIMENT_ROUTES,
  ...GOVERNANCE_ROUTES,
  ...MESH_ROUTES,
  ...SCALING_ROUTES,
  ...STREAM_ROUTES,
  ...REBUILD_ROUTES,
  ...TRANSACTION_ROUTES,
  ...RECORDED_EVENT_ROUTES,
  ...WINDOW_ROUTES,
]

/** The whole HTTP API: what the gateway routes, what OpenAPI describes, what the services answer. */
export const ROUTES: readonly RouteDefinition[] = routes
/** Each of them with its exact type. */
export type Route = (typeof routes)[number]
