import { setTimeout as delay } from 'node:timers/promises'

const MAX_TRIES = 20

interface Refused {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: unknown
}

/** Whether an instance had no room for a request, and said when to come again. */
function isOverload({ status, headers, body }: Refused): boolean {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return status === 503 && headers['retry-after'] !== undefined && text.includes('"/problems/overloaded"')
}

/** Asks again what an instance had no room for, as it says when: a busy machine refuses everybody for a moment. */
export async function patiently<A extends Refused>(
  ask: () => Promise<A>,
  onRefusal?: () => void,
): Promise<A> {
  for (let tries = 1; ; tries++) {
    const answer = await ask()
    if (!isOverload(answer) || tries === MAX_TRIES) return answer
    onRefusal?.()
    await delay(1_000 * Number(answer.headers['retry-after']) * Math.random())
  }
}
