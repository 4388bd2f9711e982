/** A reason that a person can act on: its message is all they need to see, without a stack trace. */
export class CannotStart extends Error {
  override name = 'CannotStart'
}

/** What a tool said last, which is mostly what matters. */
export function lastLine(error: Error): string {
  return error.message.trim().split('\n').at(-1) ?? ''
}

/** What a person is shown: the reason where there is one for them, the stack of a bug. */
export function describeFailure(error: unknown): string {
  if (error instanceof CannotStart) return error.message
  return error instanceof Error ? String(error.stack) : String(error)
}
