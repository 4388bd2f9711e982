import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CredentialFiles } from '../../src/mesh/tls/from-files.ts'

/** Whether this machine can make an authority. */
export const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** An authority that Consul knows nothing of, in a folder; made where there is none yet. */
export function authorityIn(folder: string, name = 'outside') {
  const at = (file: string) => join(folder, `${name}-${file}`)
  const [ca, caKey] = [at('ca.pem'), at('ca.key')]
  if (!existsSync(ca))
    openssl('req', '-x509', ...NEW_KEY, '-subj', `/CN=${name}`, '-days', '1', '-keyout', caKey, '-out', ca)
  let made = 0

  /** @param altName as `URI:spiffe://…` or `DNS:…` */
  function issue(altName: string): CredentialFiles {
    const file = (kind: string) => at(`${process.pid}-${made}.${kind}`)
    made += 1
    writeFileSync(file('ext'), `subjectAltName=${altName}\nextendedKeyUsage=serverAuth,clientAuth\n`)
    openssl('req', ...NEW_KEY, '-subj', '/CN=service', '-keyout', file('key'), '-out', file('csr'))
    const signing = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', '1']
    openssl('x509', '-req', '-in', file('csr'), ...signing, '-extfile', file('ext'), '-out', file('pem'))
    return { cert: file('pem'), key: file('key'), ca }
  }

  return { ca, issue }
}
