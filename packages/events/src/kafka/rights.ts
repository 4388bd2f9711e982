import kafkajs from 'kafkajs'
import type { Log } from '@lepton/common/runtime/log'
import { createKafka } from './client.ts'
import type { KafkaAccess } from './settings.ts'

export interface KafkaRight {
  user: string
  kind: 'topic' | 'group'
  /** A whole name, or with `isPrefix` how names begin. */
  name: string
  isPrefix?: boolean
  /** Reading and writing include a look at what there is. */
  may: 'read' | 'write' | 'look'
}

// Node finds this export by the default one only.
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs
const OPERATIONS = {
  read: AclOperationTypes.READ,
  write: AclOperationTypes.WRITE,
  look: AclOperationTypes.DESCRIBE,
}

/** Adds what is missing of these rights; those that exist stay. */
export async function grantRights(
  access: KafkaAccess,
  rights: readonly KafkaRight[],
  { log }: { log: Log },
): Promise<void> {
  const admin = createKafka({ ...access, clientId: 'lepton-setup' }, log).admin()
  await admin.connect()
  try {
    await admin.createAcls({
      acl: rights.map(({ user, kind, name, isPrefix, may }) => ({
        principal: `User:${user}`,
        host: '*',
        resourceType: kind === 'topic' ? AclResourceTypes.TOPIC : AclResourceTypes.GROUP,
        resourceName: name,
        resourcePatternType: isPrefix === true ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
        operation: OPERATIONS[may],
        permissionType: AclPermissionTypes.ALLOW,
      })),
    })
  } finally {
    await admin.disconnect()
  }
}
