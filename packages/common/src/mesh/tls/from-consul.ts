import { z } from 'zod'
import type { Log } from '../../runtime/log.ts'
import type { ConsulClient } from '../consul.ts'
import { followConsul, followDefaults, type FollowSettings, keptFor } from './follow-consul.ts'
import type { CredentialSource, Credentials } from './credentials.ts'

interface ConnectSettings extends FollowSettings {
  /** A renewed certificate is used after so long: by then every process knows the authority that it is from. */
  adoptAfterMs: number
  /** An authority that Consul names no more is believed for so long: others learn of its end later. */
  retireAfterMs: number
  lastKnownMaxAgeMs: number
}

const connectDefaults: ConnectSettings = {
  ...followDefaults,
  adoptAfterMs: 2_000,
  retireAfterMs: 60_000,
  // The life of a certificate of Connect's.
  lastKnownMaxAgeMs: 72 * 3_600_000,
}

const Roots = z.object({
  TrustDomain: z.string(),
  Roots: z.array(z.object({ RootCert: z.string() })),
})
const Leaf = z.object({ CertPEM: z.string().min(1), PrivateKeyPEM: z.string().min(1) })
const Kept = z.object({
  cert: z.string(),
  key: z.string(),
  ca: z.array(z.string()).readonly(),
  trustDomains: z.array(z.string()).readonly(),
})

interface Authority {
  ca: readonly string[]
  trustDomain: string
}

/**
 * Certificates of Consul's own authority (Connect), followed by blocking queries: Consul renews them before they expire.
 *
 * While Consul is away the last ones stay, in memory and in a file that only this user can read.
 */
export function connectCredentials(
  {
    consul,
    service,
    stateDir,
    log,
  }: { consul: ConsulClient; service: string; stateDir: string | undefined; log: Log },
  given: Partial<ConnectSettings> = {},
): CredentialSource {
  const settings = { ...connectDefaults, ...given }
  const file =
    stateDir === undefined
      ? undefined
      : keptFor(stateDir, `certificate-${service}`, { schema: Kept, mode: 0o600, log })

  return {
    follow(listener) {
      let authority: Authority | undefined
      let retired: Authority[] = []
      let leaf: z.infer<typeof Leaf> | undefined
      let latest: string | undefined
      let adopting: NodeJS.Timeout | undefined
      const retiring = new Set<NodeJS.Timeout>()

      function publish(): void {
        if (authority === undefined || leaf === undefined) return
        const known = [authority, ...retired]
        const credentials: Credentials = {
          cert: leaf.CertPEM,
          key: leaf.PrivateKeyPEM,
          ca: [...new Set(known.flatMap(({ ca }) => ca))],
          trustDomains: [...new Set(known.map(({ trustDomain }) => trustDomain))],
        }
        file?.keep(credentials)
        listener(credentials)
      }

      function retire(old: Authority): void {
        retired.push(old)
        const timer = setTimeout(() => {
          retiring.delete(timer)
          retired = retired.filter((one) => one !== old)
          publish()
        }, settings.retireAfterMs).unref()
        retiring.add(timer)
      }

      const roots = followConsul({
        consul,
        log,
        settings,
        what: 'the certificate authority',
        path: '/v1/agent/connect/ca/roots',
        schema: Roots,
        onAnswer: ({ TrustDomain, Roots }) => {
          const next = { ca: Roots.map(({ RootCert }) => RootCert), trustDomain: TrustDomain }
          if (JSON.stringify(next) === JSON.stringify(authority)) return
          if (authority !== undefined) retire(authority)
          authority = next
          publish()
        },
      })
      const leaves = followConsul({
        consul,
        log,
        settings,
        what: 'the certificate of this service',
        path: `/v1/agent/connect/ca/leaf/${encodeURIComponent(service)}`,
        schema: Leaf,
        onAnswer: (next) => {
          if (next.CertPEM === latest) return
          latest = next.CertPEM
          const adopt = () => {
            leaf = next
            publish()
          }
          clearTimeout(adopting)
          if (leaf === undefined) adopt()
          else adopting = setTimeout(adopt, settings.adoptAfterMs).unref()
        },
      })
      const remembered = file?.load(settings.lastKnownMaxAgeMs).then((kept) => {
        if (kept !== undefined && leaf === undefined) listener(kept)
      })

      return {
        async close() {
          clearTimeout(adopting)
          for (const timer of retiring) clearTimeout(timer)
          await Promise.all([roots.close(), leaves.close()])
          await remembered
          await file?.settled()
        },
      }
    },
  }
}
