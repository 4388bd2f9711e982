import { pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { KafkaAccess } from '@lepton/events/kafka/settings'
import { compact, compactArray, int32, int8, NO_TAGS, openWire } from './kafka-wire.ts'

const ALTER_USER_SCRAM_CREDENTIALS = 51
const SCRAM_SHA_256 = 1
const ITERATIONS = 4_096
const SALT_BYTES = 24
const HASH_BYTES = 32

/**
 * Gives users their passwords at the broker, in place of those that they had. The broker gets them salted only.
 *
 * @throws Error where the broker refuses one of them
 */
export async function setKafkaPasswords(
  access: KafkaAccess,
  passwords: Readonly<Record<string, string>>,
): Promise<void> {
  const upserts = await Promise.all(
    Object.entries(passwords).map(([user, password]) => upsert(user, password)),
  )
  const wire = await openWire(access)
  try {
    const answer = await wire.ask({
      key: ALTER_USER_SCRAM_CREDENTIALS,
      version: 0,
      isFlexible: true,
      body: Buffer.concat([compactArray([]), compactArray(upserts), NO_TAGS]),
    })
    const refused = refusedIn(answer)
    if (refused !== undefined) throw new Error(`Kafka refuses the password of ${refused}`)
  } finally {
    wire.close()
  }
}

async function upsert(user: string, password: string): Promise<Buffer> {
  const salt = randomBytes(SALT_BYTES)
  const salted = await promisify(pbkdf2)(password, salt, ITERATIONS, HASH_BYTES, 'sha256')
  return Buffer.concat([
    compact(user),
    int8(SCRAM_SHA_256),
    int32(ITERATIONS),
    compact(salt),
    compact(salted),
    NO_TAGS,
  ])
}

/** The first user whose result is an error: tags, throttle time, then name, error code, message and tags of each. */
function refusedIn(answer: Buffer): string | undefined {
  let at = 1 + 4
  const count = answer.readUInt8(at++) - 1
  for (let index = 0; index < count; index++) {
    const length = answer.readUInt8(at++) - 1
    const user = answer.toString('utf8', at, at + length)
    const code = answer.readInt16BE(at + length)
    if (code !== 0) return `${user} (error ${code})`
    at += length + 2
    // A message of none, and no tags.
    at += 2
  }
  return undefined
}
