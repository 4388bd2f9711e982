const rules = new Intl.PluralRules('en')

/** `1 order`, `2 orders`. */
export const n = (count: number, one: string, other: string): string =>
  `${count} ${rules.select(count) === 'one' ? one : other}`
