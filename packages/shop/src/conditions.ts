/** The values of a statement that is put together: `$` takes one, and gives its placeholder. */
export function createParameters(): { values: unknown[]; $: (value: unknown) => string } {
  const values: unknown[] = []
  return { values, $: (value) => `$${values.push(value)}` }
}

/** The conditions that are asked for, as a WHERE clause: what is not in the statement is not planned for (ADR 13). */
export function where(...conditions: (string | false)[]): string {
  const those = conditions.filter((condition) => condition !== false)
  return those.length === 0 ? '' : `where ${those.join(' and ')}`
}
