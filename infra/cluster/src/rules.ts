import type { Container, Manifest, PodSpec } from './manifests.ts'

/** What a pod of ours must be, whatever it runs; a sentence for each fault. */
export function podFaults(manifest: Manifest): string[] {
  const pod = manifest.spec?.template?.spec
  if (pod === undefined) return []
  const what = `${manifest.kind} ${manifest.metadata.name}`
  const isJob = manifest.kind === 'Job'
  return [
    ...faultsOfPod(pod),
    ...pod.containers.flatMap((container) => [
      ...faultsOfContainer(container),
      ...(isJob ? [] : faultsOfProbes(container)),
    ]),
  ].map((fault) => `${what}: ${fault}`)
}

function faultsOfPod(pod: PodSpec): string[] {
  const hasAccount = pod.serviceAccountName !== undefined
  return said([
    [!hasAccount && pod.automountServiceAccountToken !== false, 'gets a token for the API of Kubernetes'],
    [pod.enableServiceLinks !== false, 'gets variables for every Service, which look like settings'],
    [pod.securityContext?.runAsNonRoot !== true, 'may run as root'],
    [pod.securityContext?.seccompProfile?.type !== 'RuntimeDefault', 'may make every system call'],
  ])
}

function faultsOfContainer({
  securityContext,
  resources,
  envFrom = [],
  env = [],
  ...container
}: Container): string[] {
  // The image of Kafka writes its configuration into itself.
  const mayWrite = container.image.startsWith('apache/kafka')
  return said([
    [securityContext?.readOnlyRootFilesystem !== true && !mayWrite, 'may write into its image'],
    [securityContext?.allowPrivilegeEscalation !== false, 'may get more rights'],
    [!securityContext?.capabilities?.drop?.includes('ALL'), 'keeps capabilities'],
    [resources?.limits?.memory === undefined, 'has no limit of memory'],
    [resources?.requests?.memory === undefined, 'requests no memory'],
    [resources?.requests?.cpu === undefined, 'requests no CPU'],
    [
      [...envFrom, ...env.map(({ valueFrom }) => valueFrom)].some(
        (from) => from !== undefined && ('secretRef' in from || 'secretKeyRef' in from),
      ),
      'has a secret in its environment',
    ],
  ])
}

function faultsOfProbes({ readinessProbe, livenessProbe, startupProbe, image }: Container): string[] {
  // A server that is slow is not made faster by a restart.
  const isOurs = image.includes('lepton-service')
  return said([
    [readinessProbe === undefined, 'has no readiness probe'],
    [isOurs && livenessProbe === undefined, 'has no liveness probe'],
    [
      isOurs && JSON.stringify([livenessProbe, startupProbe]).includes('/readyz'),
      'is restarted when it is not ready',
    ],
  ])
}

/** The Secrets that a pod mounts. */
export function secretsOf({ spec }: Manifest): string[] {
  return (spec?.template?.spec.volumes ?? []).flatMap(({ secret }) => secret?.secretName ?? [])
}

function said(faults: readonly (readonly [boolean, string])[]): string[] {
  return faults.flatMap(([is, fault]) => (is ? [fault] : []))
}
