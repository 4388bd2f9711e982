import { readFileSync } from 'node:fs'

/** Where Kubernetes puts what a pod needs to ask the API, for the service account that it runs as. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
const TIMEOUT_MS = 10_000

export interface KubernetesSecrets {
  /** The files of a Secret, and the version that a replacement names; undefined where there is none. */
  read(name: string): Promise<{ files: Record<string, string>; version: string } | undefined>
  /**
   * Writes a Secret as a whole: a new one, or in place of `version`.
   *
   * @returns false where another write came first
   */
  write(name: string, files: Record<string, string>, version: string | undefined): Promise<boolean>
}

export interface KubernetesAccess {
  url: string
  token: string
  namespace: string
}

/** Of the pod that this runs in. NODE_EXTRA_CA_CERTS names the authority of the API: fetch reads no other file. */
export function accessOfPod(env = process.env): KubernetesAccess {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? 'kubernetes.default.svc'
  const read = (file: string) => readFileSync(`${ACCOUNT}/${file}`, 'utf8').trim()
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}`,
    token: read('token'),
    namespace: read('namespace'),
  }
}

export function createKubernetesSecrets({ url, token, namespace }: KubernetesAccess): KubernetesSecrets {
  const path = `${url}/api/v1/namespaces/${namespace}/secrets`

  function ask(method: 'GET' | 'POST' | 'PUT', at: string, body?: object): Promise<Response> {
    return fetch(at, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }

  async function refused(what: string, answer: Response): Promise<Error> {
    return new Error(
      `Kubernetes answered ${answer.status} to ${what}: ${(await answer.text()).slice(0, 300)}`,
    )
  }

  return {
    async read(name) {
      const answer = await ask('GET', `${path}/${name}`)
      if (answer.status === 404) return undefined
      if (!answer.ok) throw await refused(`a look at the Secret ${name}`, answer)
      const { data = {}, metadata } = (await answer.json()) as {
        data?: Record<string, string>
        metadata: { resourceVersion: string }
      }
      return { files: ofEachValue(data, (text) => decode(text)), version: metadata.resourceVersion }
    },
    async write(name, files, version) {
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: {
          name,
          labels: { 'app.kubernetes.io/part-of': 'lepton' },
          ...(version !== undefined && { resourceVersion: version }),
        },
        data: ofEachValue(files, (text) => Buffer.from(text).toString('base64')),
      }
      const answer =
        version === undefined ? await ask('POST', path, secret) : await ask('PUT', `${path}/${name}`, secret)
      if (answer.status === 409) return false
      if (!answer.ok) throw await refused(`a write of the Secret ${name}`, answer)
      return true
    },
  }
}

const decode = (text: string) => Buffer.from(text, 'base64').toString()

function ofEachValue(values: Record<string, string>, of: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, of(value)]))
}
