import { refuse } from './problem.ts'

/** The place in a sorted list after which the next page begins, as opaque text. */
export function encodeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

/**
 * @throws Refusal `invalid-request` for anything that `encodeCursor` did not make in this form
 */
export function decodeCursor(cursor: string, form: readonly ((part: string) => boolean)[]): string[] {
  try {
    const position = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown
    const isForm = Array.isArray(position) && position.length === form.length
    if (isForm && form.every((isPart, index) => isPart(String(position[index])))) return position.map(String)
  } catch {
    // Falls through to the refusal: text that is no cursor is the caller's fault, whatever is wrong with it.
  }
  throw refuse('invalid-request', 'Some fields are invalid.', {
    errors: [{ pointer: '?cursor', detail: 'must be the next_cursor of an earlier page' }],
  })
}

export function isUuid(part: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(part)
}

/** An instant as we write it: a date since 1970 that exists, in UTC, with milliseconds. */
export function isInstant(part: string): boolean {
  const ms = Date.parse(part)
  return ms >= 0 && new Date(ms).toISOString() === part && /^\d{4}-/.test(part)
}

export function isCount(part: string): boolean {
  return /^\d{1,15}$/.test(part)
}
