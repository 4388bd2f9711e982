import { join } from 'node:path'
import { once, randomSecret } from './files.ts'
import { KAFKA_USERS, type KafkaUser } from './kafka-rights.ts'

/** Those of the broker itself: it knows them from its configuration, and they may do everything. */
export const KAFKA_ADMINS = ['broker', 'setup'] as const

export interface KafkaSecrets {
  kafkaPasswordFiles: Record<KafkaUser | (typeof KAFKA_ADMINS)[number], string>
  kafkaPasswords: Record<KafkaUser, string>
  kafkaAdminPasswords: Record<(typeof KAFKA_ADMINS)[number], string>
}

export function createKafkaSecrets(directory: string): KafkaSecrets {
  const file = (user: string) => join(directory, `kafka-${user}.secret`)
  const passwords = <User extends string>(users: readonly User[]) =>
    Object.fromEntries(users.map((user) => [user, once(file(user), randomSecret)])) as Record<User, string>
  const all = [...KAFKA_ADMINS, ...KAFKA_USERS]
  return {
    kafkaPasswordFiles: Object.fromEntries(
      all.map((user) => [user, file(user)]),
    ) as KafkaSecrets['kafkaPasswordFiles'],
    kafkaPasswords: passwords(KAFKA_USERS),
    kafkaAdminPasswords: passwords(KAFKA_ADMINS),
  }
}
