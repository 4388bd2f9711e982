import { expect, it } from '@jest/globals'
import { goModOf } from './binaries.ts'

it("takes Kubernetes' siblings from their own releases", () => {
  const kubernetes = [
    'module k8s.io/kubernetes',
    'go 1.26.0',
    'godebug default=go1.26',
    'require (',
    '\tgithub.com/spf13/cobra v1.9.1',
    ')',
    'replace (',
    '\tk8s.io/api => ./staging/src/k8s.io/api',
    '\tk8s.io/pod-security-admission => ./staging/src/k8s.io/pod-security-admission',
    ')',
  ].join('\n')

  expect(goModOf(kubernetes, 'v1.36.3').trim().split('\n')).toEqual([
    'module kube',
    'go 1.26.0',
    'godebug default=go1.26',
    'require k8s.io/kubernetes v1.36.3',
    'replace k8s.io/api => k8s.io/api v0.36.3',
    'replace k8s.io/pod-security-admission => k8s.io/pod-security-admission v0.36.3',
  ])
})
