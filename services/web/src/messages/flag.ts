import type { Messages } from './en.ts'

/** The word for a state of stock, money or decision, as the API names it. */
export function flagOf(flags: Messages['flags'], value: string): string {
  return flags[value.toLowerCase() as keyof typeof flags] ?? value.toLowerCase().replaceAll('_', ' ')
}
