/** This process's environment without variables that were meant for it alone. */
export function environmentWithout(names: RegExp): Record<string, string> {
  const entries = Object.entries(process.env as Record<string, string>)
  return Object.fromEntries(entries.filter(([name]) => !names.test(name)))
}
