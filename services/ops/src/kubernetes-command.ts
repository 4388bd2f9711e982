import type { ACTIONS } from '@lepton/contracts/processes'
import { ALL_SERVICES } from '@lepton/contracts/services'

type Action = (typeof ACTIONS)[number]

const SERVERS: readonly string[] = ['psp', 'postgres', 'kafka', 'consul']
const NAMES: readonly string[] = [...ALL_SERVICES, ...SERVERS]

/** What to type where Kubernetes runs the shop, by an instance's name, which is its pod's, or a service's; nothing pauses a pod. */
export function kubernetesCommand(action: Action, name: string): string | undefined {
  const kubectl = 'kubectl -n lepton'
  const workload = `${SERVERS.includes(name) ? 'statefulset' : 'deployment'}/${name}`
  const isService = NAMES.includes(name)
  const pods = isService ? `pod -l app.kubernetes.io/name=${name}` : `pod ${name}`
  switch (action) {
    case 'kill':
      return `${kubectl} delete ${pods} --force --grace-period=0`
    case 'restart':
      return isService ? `${kubectl} rollout restart ${workload}` : `${kubectl} delete ${pods}`
    case 'add':
      return `${kubectl} scale ${workload} --replicas=3`
    case 'remove':
      return isService ? `${kubectl} scale ${workload} --replicas=1` : undefined
    case 'pause':
    case 'wipe':
      return undefined
  }
}
