import { expect, it } from '@jest/globals'
import { kubernetesCommand } from './kubernetes-command.ts'

it('is about a workload by a service’s name, and about a pod by an instance’s', () => {
  expect(kubernetesCommand('kill', 'order-5b7fc44bb6-shkhg')).toBe(
    'kubectl -n lepton delete pod order-5b7fc44bb6-shkhg --force --grace-period=0',
  )
  expect(kubernetesCommand('restart', 'order')).toBe('kubectl -n lepton rollout restart deployment/order')
  expect(kubernetesCommand('restart', 'kafka')).toBe('kubectl -n lepton rollout restart statefulset/kafka')
  expect(kubernetesCommand('remove', 'order-5b7fc44bb6-shkhg')).toBeUndefined()
})
