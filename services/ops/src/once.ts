import { isDeepStrictEqual } from 'node:util'
import type { Caller } from '@lepton/common/http/auth'
import type { Reply } from '@lepton/common/http/reply'
import { refuse } from '@lepton/shop/refuse'

/** Repeats come within seconds; what is older than this is another wish. */
const KEPT_MS = 600_000
const MAX_KEPT = 1_000

export type Once = (
  request: { owner: string; path: string; key: string; body: unknown },
  act: () => Promise<Reply>,
) => Promise<Reply>

/**
 * Acts once for a key, and gives a repeat the first answer: in this process, for ten minutes. An act on processes is
 * nothing that a database could undo, so there is none to keep its keys.
 *
 * @throws Refusal `idempotency-key-reused` where the key came with another body
 */
export function createOnce(now = () => performance.now()): Once {
  const kept = new Map<string, { body: unknown; atMs: number; reply: Promise<Reply> }>()

  function forgetOld(): void {
    for (const [id, { atMs }] of kept) {
      if (kept.size < MAX_KEPT && now() - atMs < KEPT_MS) return
      kept.delete(id)
    }
  }

  return async ({ owner, path, key, body }, act) => {
    forgetOld()
    const id = `${owner} ${path} ${key}`
    const known = kept.get(id)
    if (known !== undefined && !isDeepStrictEqual(known.body, body))
      throw refuse('idempotency-key-reused', 'This key belongs to an act of other content.')
    if (known !== undefined) return { ...(await known.reply), headers: { 'idempotency-replayed': 'true' } }
    const reply = act()
    kept.set(id, { body, atMs: now(), reply })
    // What was refused has not happened: the same wish may be made again.
    reply.catch(() => kept.delete(id))
    return reply
  }
}

/** What makes two requests the same wish. */
export function asked({
  caller,
  path,
  idempotencyKey: key,
  body,
}: {
  caller: Caller
  path: string
  idempotencyKey: string
  body: unknown
}) {
  return { owner: caller.subject, path, key, body }
}
