const rows: [string, string][] = []

/** Adds a row, and shows it at once: the rest takes minutes. */
export function note(what: string, value: number, unit: string, digits = 0): void {
  add(what, `${value.toFixed(digits)} ${unit}`)
}

export function add(what: string, value: string): void {
  rows.push([what, value])
  console.error(`${what}: ${value}`)
}

export function printTable(): void {
  const width = Math.max(...rows.map(([what]) => what.length))
  for (const [what, value] of rows) console.log(`${what.padEnd(width)}  ${value}`)
}
