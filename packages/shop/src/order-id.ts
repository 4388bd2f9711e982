import { derivedId } from '@lepton/common/runtime/id'

/**
 * The id of the order that a request creates: a repeat of the request is the same order, even after
 * its idempotency row is gone. The route is part of it, since one key may be used at two routes.
 */
export function orderIdOf(owner: string, route: string, idempotencyKey: string): string {
  return derivedId('order', owner, route, idempotencyKey)
}
