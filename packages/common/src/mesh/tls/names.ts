/**
 * How certificates name services: by SPIFFE ids that begin like this process's own, or, where its own certificate has
 * none, by a DNS name of one label.
 */
export interface Naming {
  prefixes: readonly string[]
}

const SPIFFE = /^(spiffe:\/\/)([^/]+)(\/(?:.+\/)?(?:svc|sa)\/)([^/]+)$/
const LABEL = /^[a-z0-9][a-zA-Z0-9_-]{0,62}$/

/** @param trustDomains besides its own: while an authority is replaced, both name services */
export function namingOf(ownAltName: string | undefined, trustDomains: readonly string[]): Naming {
  const [id] = entriesOf(ownAltName, 'URI:')
  const [, scheme, domain, path] = SPIFFE.exec(id ?? '') ?? []
  if (domain === undefined) return { prefixes: [] }
  return { prefixes: [...new Set([domain, ...trustDomains])].map((one) => `${scheme}${one}${path}`) }
}

/**
 * The service that a certificate is for, by its subject's alternative names.
 *
 * A certificate of the same authority may be for something else, such as an agent of Consul's or a service of
 * another namespace: it names no service then.
 */
export function serviceNamed(altName: string | undefined, { prefixes }: Naming): string | undefined {
  const ids = entriesOf(altName, 'URI:')
  if (prefixes.length === 0) {
    return ids.length > 0 ? undefined : entriesOf(altName, 'DNS:').find((name) => LABEL.test(name))
  }
  // One certificate has one SPIFFE id.
  if (ids.length !== 1) return undefined
  const prefix = prefixes.find((one) => ids[0]!.startsWith(one))
  const name = prefix && ids[0]!.slice(prefix.length)
  return name !== undefined && LABEL.test(name) ? name : undefined
}

function entriesOf(altName: string | undefined, kind: string): string[] {
  // Node quotes an entry that could be read as several: none of ours looks like that.
  if (altName === undefined || altName.includes('"')) return []
  return altName
    .split(', ')
    .filter((entry) => entry.startsWith(kind))
    .map((entry) => entry.slice(kind.length))
}
