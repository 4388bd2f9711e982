import { ask } from '@lepton/common/http/ask'
import type { Asker } from '@lepton/common/http/admit'
import { withDeadline } from '@lepton/common/runtime/deadline'
import { Refusal, Unavailable } from '@lepton/common/runtime/problem'
import { checkAdmission } from '@lepton/contracts/order-routes'
import type { Deps } from './deps.ts'

/** An order service that takes longer does not hold up a checkout. */
const PATIENCE_MS = 500

/**
 * Asks whether the order that follows from a checkout would be taken: the order service makes it from the event and
 * cannot refuse any more. While it is away checkouts are accepted all the same, and become orders on its return.
 *
 * @returns the refusal, if there is one
 */
export async function refusalOf(
  { mesh, log }: Deps,
  { as }: Asker,
  wanted: { units: number; is_paid: boolean },
): Promise<Refusal | undefined> {
  try {
    await withDeadline(PATIENCE_MS, () => ask(mesh, checkAdmission, { body: wanted, as }))
    return undefined
  } catch (error) {
    if (error instanceof Refusal && error.slug !== 'deadline-exceeded') return error
    if (!(error instanceof Refusal) && !(error instanceof Unavailable)) throw error
    log.info({ err: error }, 'a checkout is accepted without asking the order service')
    return undefined
  }
}
