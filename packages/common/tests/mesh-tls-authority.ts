import { execFileSync } from 'node:child_process'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CredentialFiles } from '../src/mesh/tls/from-files.ts'

/** Whether this machine can make an authority. */
export const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** An authority that Consul knows nothing of, in a folder of the test. */
export function createAuthority(folder: string, name: string) {
  const at = (file: string) => join(folder, `${name}-${file}`)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-subj',
    `/CN=${name}`,
    '-days',
    '1',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  )
  let made = 0

  return {
    ca: at('ca.pem'),
    /** @param altName as `URI:spiffe://…` or `DNS:…` */
    issue(altName: string): CredentialFiles {
      const file = (kind: string) => at(`${made}.${kind}`)
      made += 1
      writeFileSync(file('ext'), `subjectAltName=${altName}\nextendedKeyUsage=serverAuth,clientAuth\n`)
      openssl('req', ...newKey, '-subj', '/CN=service', '-keyout', file('key'), '-out', file('csr'))
      const signing = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '1']
      openssl('x509', '-req', '-in', file('csr'), ...signing, '-extfile', file('ext'), '-out', file('pem'))
      return { cert: file('pem'), key: file('key'), ca: at('ca.pem') }
    },
    /** Copies of files at places of their own, to be replaced. */
    place(files: CredentialFiles, folderOf: string): CredentialFiles {
      const placed = {
        cert: join(folderOf, 'cert.pem'),
        key: join(folderOf, 'key.pem'),
        ca: join(folderOf, 'ca.pem'),
      }
      for (const kind of ['cert', 'key', 'ca'] as const) copyFileSync(files[kind], placed[kind])
      return placed
    },
  }
}
