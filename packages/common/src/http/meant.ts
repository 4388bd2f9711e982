/**
 * Whether a question after an instance's health means this one: the check of an instance that has ended may reach another
 * process at its port. A question without a name means whichever answers.
 */
export function isMeant(url: string, name: string | undefined): boolean {
  const asked = new URL(url, 'http://instance').searchParams.get('instance')
  return asked === null || name === undefined || asked === name
}
