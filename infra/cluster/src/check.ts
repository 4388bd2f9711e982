import { mkdtempSync, rmSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CannotStart } from '@lepton/local/cannot-start'
import { run } from '@lepton/local/command'
import { createPortChooser } from '@lepton/local/ports'
import { tether } from '@lepton/local/tether'
import { createCredentials, kubeconfigOf } from './certificates.ts'
import { apiFlags, etcdFlags } from './control-plane.ts'
import { until } from './until.ts'

const ADDRESS = '127.0.0.1'
const START_MS = 60_000
const CHECK_MS = 60_000

/**
 * Whether the API of Kubernetes would take each overlay as it is, unknown fields refused: an etcd and an API of their own
 * on loopback, without a node and without root.
 *
 * @throws CannotStart with what is refused
 */
export async function checkOverlays(kube: string, overlays: readonly string[]): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'lepton-check-'))
  const { choose } = createPortChooser()
  const [client, peer, port] = [await choose('client'), await choose('peer'), await choose('api')]
  const etcd = { client: `http://${ADDRESS}:${client}`, peer: `http://${ADDRESS}:${peer}` }
  const credentials = join(dir, 'credentials')
  await createCredentials(credentials, { address: ADDRESS, port }, [])
  const api = { etcd: etcd.client, address: ADDRESS, port, credentials }
  const programs = [
    start(kube, 'etcd', etcdFlags(dir, etcd)),
    start(kube, 'apiserver', [...apiFlags(dir, api), '--endpoint-reconciler-type=none']),
  ]
  const ask = async (...args: string[]) => {
    const own = [kube, 'kubectl', '--kubeconfig', kubeconfigOf(credentials, 'admin'), ...args]
    const { code, output } = await run(own, { timeoutMs: CHECK_MS })
    if (code !== 0) throw new CannotStart(output.trim())
  }
  try {
    await until('the API of Kubernetes', START_MS, () => ask('get', '--raw', '/readyz'))
    // What has a namespace is looked up in it, and a dry run makes none.
    await until('a namespace', START_MS, () => ask('create', 'namespace', 'lepton'))
    for (const overlay of overlays) {
      await ask('apply', '--dry-run=server', '--validate=strict', '--kustomize', overlay)
    }
  } finally {
    for (const stop of programs.toReversed()) await stop()
    rmSync(dir, { recursive: true })
  }
}

/** Gives what ends it. */
function start(kube: string, program: string, flags: readonly string[]): () => Promise<void> {
  const [file = '', ...args] = tether([kube, program, ...flags], 'KILL')
  const child = spawn(file, args, { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return async () => {
    child.kill('SIGKILL')
    await ended
  }
}
