import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from './machines.ts'

const COUNT = 6
const CLASS = 'local'

/** Folders of one machine for whatever claims a volume: what stores something runs there, and other machines may be lost. */
export function createVolumes({ name, dir }: Machine): object[] {
  const storageClass = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: CLASS, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  }
  const onThisMachine = {
    matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }],
  }
  const volumes = Array.from({ length: COUNT }, (_, index) => {
    const path = join(dir, 'volumes', String(index))
    mkdirSync(path, { recursive: true })
    return {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `${name}-${index}` },
      spec: {
        capacity: { storage: '4Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: CLASS,
        local: { path },
        nodeAffinity: { required: { nodeSelectorTerms: [onThisMachine] } },
      },
    }
  })
  return [storageClass, ...volumes]
}
