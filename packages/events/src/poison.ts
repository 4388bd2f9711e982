import { ZodError } from 'zod'
import { Refusal } from '@lepton/common/runtime/problem'

/** What can never be applied, however often it is tried. */
export class Poison extends Error {}

/**
 * Whether trying again cannot help. An allow-list: whatever is not on it counts as an outage, since a
 * killed database answers with errors that carry no code at all.
 */
export function isPoison(error: unknown): boolean {
  if (error instanceof Poison || error instanceof Refusal || error instanceof ZodError) return true
  if (error instanceof TypeError || error instanceof RangeError) return true
  if (error instanceof ReferenceError || error instanceof SyntaxError) return true
  return /^2[23]\w{3}$/.test((error as { code?: string } | null)?.code ?? '')
}
