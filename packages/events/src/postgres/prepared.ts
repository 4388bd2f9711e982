// Statement texts are few and fixed, so each connection plans each of them once. Planning a statement
// over partitions costs several times its execution.
const statementNames = new Map<string, string>()

export function prepared(
  text: string,
  values: unknown[] = [],
): { name: string; text: string; values: unknown[] } {
  let name = statementNames.get(text)
  if (name === undefined) {
    name = `s${statementNames.size}`
    statementNames.set(text, name)
  }
  return { name, text, values }
}
