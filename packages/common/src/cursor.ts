import { refuse } from './problem.ts'

/** The place in a sorted list after which the next page begins, as text that nobody needs to understand. */
export function encodeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

/**
 * @throws Refusal `invalid-request` for anything that `encodeCursor` did not make in this form
 */
export function decodeCursor(cursor: string, form: readonly RegExp[]): string[] {
  try {
    const position = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown
    const isForm = Array.isArray(position) && position.length === form.length
    if (isForm && form.every((part, index) => part.test(String(position[index])))) return position.map(String)
  } catch {
    // Falls through to the refusal: text that is no cursor is the caller's fault, whatever is wrong with it.
  }
  throw refuse('invalid-request', 'Some fields are not as they should be.', {
    errors: [{ pointer: '?cursor', detail: 'must be the next_cursor of an earlier page' }],
  })
}
