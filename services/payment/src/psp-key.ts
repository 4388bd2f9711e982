import { derivedId } from '@lepton/common/runtime/id'
import type { Operation } from './domain.ts'

/**
 * The processor's key of an operation. Each definite refusal begins a generation: the refusal is kept under the key
 * it was given to, which can do nothing any more, so at most one key is ever alive.
 */
export function pspKeyOf(order_id: string, op: Operation, generation: number): string {
  return generation === 0
    ? derivedId('psp', order_id, op)
    : derivedId('psp', order_id, op, String(generation))
}
