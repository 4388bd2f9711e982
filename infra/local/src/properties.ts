/**
 * The text of a Java properties file with these entries, read back as they are whatever they hold.
 *
 * Java reads such a file as Latin-1, drops blanks before a value and takes a backslash for the start of an escape.
 */
export function toProperties(entries: Record<string, string>): string {
  return Object.entries(entries)
    .map(
      ([name, value]) =>
        `${escape(name).replace(/[=:#! ]/g, '\\$&')}=${escape(value).replace(/^ /, '\\ ')}\n`,
    )
    .join('')
}

function escape(text: string): string {
  return text
    .replace(/\\/g, '\\\\')
    .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
