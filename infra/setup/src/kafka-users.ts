import { createLog } from '@lepton/common/runtime/log'
import type { KafkaAccess } from '@lepton/events/kafka/settings'
import { grantRights } from '@lepton/events/kafka/rights'
import { setKafkaPasswords } from './kafka-passwords.ts'
import { kafkaRights, type KafkaUser } from './kafka-rights.ts'

/** Makes the services' users of a broker, with their passwords and rights; those that exist get what is missing. */
export async function createKafkaUsers(
  access: KafkaAccess,
  passwords: Record<KafkaUser, string>,
): Promise<void> {
  const log = createLog({ service: 'setup', instance: 'setup', level: 'silent' })
  await Promise.all([setKafkaPasswords(access, passwords), grantRights(access, kafkaRights(), { log })])
}

/** As the user that may do everything, on a broker of the shop's own. */
export function adminAccess(brokers: string, password: string): KafkaAccess {
  return { brokers: brokers.split(','), sasl: { mechanism: 'plain', username: 'setup', password } }
}
