import { setTimeout as delay } from 'node:timers/promises'

const MAX_TRIES = 20

interface Refused {
  headers: Record<string, string | string[] | undefined>
  body: unknown
}

const LATER = /"\/problems\/(overloaded|request-in-progress)"/

/** Whether an instance had no room for a request, or still works on its twin, and said when to come again. */
function isLater({ headers, body }: Refused): boolean {
  return (
    headers['retry-after'] !== undefined && LATER.test(typeof body === 'string' ? body : JSON.stringify(body))
  )
}

/** Asks again when the answer says so: a busy machine refuses everybody for a moment, and a twin waits a second at most. */
export async function patiently<A extends Refused>(
  ask: () => Promise<A>,
  onRefusal?: () => void,
): Promise<A> {
  for (let tries = 1; ; tries++) {
    const answer = await ask()
    if (!isLater(answer) || tries === MAX_TRIES) return answer
    onRefusal?.()
    await delay(1_000 * Number(answer.headers['retry-after']) * Math.random())
  }
}
