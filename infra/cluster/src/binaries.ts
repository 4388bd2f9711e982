import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached } from '@lepton/local/cache'
import { runOrThrow } from '@lepton/local/command'
import { toolEnvironment } from '@lepton/local/config'
import { unpackFromDebian } from '@lepton/local/debian'

const KUBERNETES = 'v1.36.3'
const COREDNS = 'v1.14.2'
/** Cold, it is a quarter of an hour on two idle cores. */
const BUILD_TIMEOUT_MS = 5_400_000
const BUILD = fileURLToPath(new URL('../build/', import.meta.url))

export interface Binaries {
  /** etcd, apiserver, controller-manager, scheduler, proxy, kubelet and kubectl in one. */
  kube: string
  coredns: string
  /** A static program that waits: the first process of each pod. */
  pause: string
  /** The folder of containerd and ctr. */
  containerd: string
  /** The folder of the network plug-ins. */
  cni: string
}

export interface BinariesDeps {
  cacheDir: string
  signal: AbortSignal
  note: (line: string) => void
}

/** What a node of Kubernetes is made of: from the cache, or built from Go's modules and unpacked from Debian's packages. */
export async function findBinaries({ cacheDir, signal, note }: BinariesDeps): Promise<Binaries> {
  const kube = join(cacheDir, `kubernetes-${KUBERNETES}`, 'kube')
  if (!existsSync(kube)) {
    note(`building Kubernetes ${KUBERNETES} from Go's modules: a quarter of an hour or more, once`)
    await buildKubernetes(kube, signal)
  }
  const coredns = await cached(cacheDir, `coredns-${COREDNS}`, (folder) => buildCoreDns(folder, signal))
  const pause = await cached(cacheDir, 'pause', (folder) => buildPause(folder, signal))
  const debian = await cached(cacheDir, 'containerd-debian', async (folder) => {
    note("fetching containerd and network plug-ins from Debian's archive (40 MB)")
    const packages = ['containerd', 'containernetworking-plugins']
    await unpackFromDebian(join(folder, 'root'), { suite: 'sid', packages, signal })
  })
  return {
    kube,
    coredns: join(coredns, 'coredns'),
    pause: join(pause, 'pause'),
    containerd: join(debian, 'root', 'usr', 'bin'),
    cni: join(debian, 'root', 'usr', 'lib', 'cni'),
  }
}

/**
 * k8s.io/kubernetes names its siblings as v0.0.0 in a folder that the module has not: they come from their own releases,
 * v0.36.3 for v1.36.3. An interrupted build goes on where it was: its folder stays, and Go keeps what it has compiled.
 */
async function buildKubernetes(file: string, signal: AbortSignal): Promise<void> {
  const source = `${file}.source`
  mkdirSync(source, { recursive: true })
  copyFileSync(join(BUILD, 'kube', 'main.go'), join(source, 'main.go'))
  const go = goIn(source, signal)
  const { GoMod } = JSON.parse(await go('mod', 'download', '-json', `k8s.io/kubernetes@${KUBERNETES}`)) as {
    GoMod: string
  }
  if (!existsSync(join(source, 'go.sum'))) {
    writeFileSync(join(source, 'go.mod'), goModOf(readFileSync(GoMod, 'utf8'), KUBERNETES))
    await go('mod', 'tidy')
  }
  await go('build', '-trimpath', '-ldflags', linkerFlags(KUBERNETES), '-o', `${file}.part`, '.')
  renameSync(`${file}.part`, file)
  rmSync(source, { recursive: true })
}

export function goModOf(kubernetes: string, version: string): string {
  const siblings = [...kubernetes.matchAll(/^\t(k8s\.io\/[a-z-]+) => \.\/staging\//gm)].map(
    ([, name]) => name!,
  )
  return [
    'module kube',
    ...kubernetes.split('\n').filter((line) => /^(go |godebug )/.test(line)),
    `require k8s.io/kubernetes ${version}`,
    ...siblings.map((name) => `replace ${name} => ${name} ${version.replace('v1.', 'v0.')}`),
    '',
  ].join('\n')
}

function linkerFlags(version: string): string {
  const component = 'k8s.io/component-base/version'
  const [major = '', minor = ''] = version.slice(1).split('.')
  const variables = {
    [`${component}.gitVersion`]: version,
    [`${component}.gitMajor`]: major,
    [`${component}.gitMinor`]: minor,
    'k8s.io/client-go/pkg/version.gitVersion': version,
  }
  return ['-s -w', ...Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`)].join(' ')
}

/** With the plug-ins that a cluster's DNS needs: the whole program takes many times as long. */
async function buildCoreDns(folder: string, signal: AbortSignal): Promise<void> {
  const source = join(folder, 'source')
  mkdirSync(source)
  copyFileSync(join(BUILD, 'coredns', 'main.go'), join(source, 'main.go'))
  const go = goIn(source, signal)
  await go('mod', 'init', 'coredns')
  await go('mod', 'edit', '-require', `github.com/coredns/coredns@${COREDNS}`)
  await go('mod', 'tidy')
  await go('build', '-trimpath', '-ldflags', '-s -w', '-o', join(folder, 'coredns'), '.')
  rmSync(source, { recursive: true })
}

async function buildPause(folder: string, signal: AbortSignal): Promise<void> {
  const command = ['cc', '-static', '-O2', '-o', join(folder, 'pause'), join(BUILD, 'pause.c')]
  await runOrThrow(command, { timeoutMs: 60_000, signal })
}

function goIn(cwd: string, signal: AbortSignal): (...args: string[]) => Promise<string> {
  const env = toolEnvironment({ GOFLAGS: '-mod=mod -buildvcs=false', CGO_ENABLED: '0' })
  return (...args) => runOrThrow(['go', ...args], { cwd, env, timeoutMs: BUILD_TIMEOUT_MS, signal })
}
