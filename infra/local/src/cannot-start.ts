/** A reason that a person can act on: its message is all they need to see, without a stack trace. */
export class CannotStart extends Error {
  override name = 'CannotStart'
}
