import { Refusal, Unavailable } from '@lepton/common/runtime/problem'
import type { Incomplete } from '@lepton/contracts/incomplete'

export interface Parts<S extends string, T> {
  parts: Map<S, T>
  /** Who gave no part, and why. */
  incomplete: Incomplete[]
}

/**
 * Asks several services for their parts. One that is away or too busy is named and left out: it must not hide what
 * the others say.
 *
 * @throws Refusal where a service finds the request itself wrong
 */
export async function partsOf<S extends string, T>(
  services: readonly S[],
  ask: (service: S) => Promise<T>,
): Promise<Parts<S, T>> {
  const parts = new Map<S, T>()
  const incomplete: Incomplete[] = []
  await Promise.all(
    services.map(async (service) => {
      try {
        parts.set(service, await ask(service))
      } catch (error) {
        incomplete.push({ service, problem: problemIn(error) })
      }
    }),
  )
  return { parts, incomplete: incomplete.sort((a, b) => (a.service < b.service ? -1 : 1)) }
}

const OWN_FAULTS: readonly string[] = ['overloaded', 'deadline-exceeded', 'too-many-requests']

function problemIn(error: unknown): string {
  if (error instanceof Unavailable) return 'unavailable'
  if (error instanceof Refusal && OWN_FAULTS.includes(error.slug)) return error.slug
  if (error instanceof Refusal) throw error
  return 'internal-error'
}
