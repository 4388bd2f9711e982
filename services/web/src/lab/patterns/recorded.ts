import { ShopError } from '@lepton/client'
import type { Pattern } from '@lepton/contracts/patterns'
import type { Recording } from '@lepton/contracts/recordings'

/** Where each recorded pair is; it is loaded when it is looked at. */
const FILES = import.meta.glob<string>('../recordings/*.json', {
  query: '?url',
  import: 'default',
  eager: true,
})

/** @throws ShopError as for what the shop is asked: a file that does not come is no other trouble */
export async function loadRecording(pattern: Pattern, signal: AbortSignal): Promise<Recording> {
  const answer = await fetch(FILES[`../recordings/${pattern}.json`] ?? '', { signal }).catch(
    (cause: unknown) => {
      signal.throwIfAborted()
      throw new ShopError(
        { type: 'no-answer', title: 'The shop does not answer', status: 0 },
        undefined,
        cause,
      )
    },
  )
  if (answer.ok) return (await answer.json()) as Recording
  const title = `The shop answered ${answer.status}`
  throw new ShopError({ type: 'about:blank', title, status: answer.status })
}
