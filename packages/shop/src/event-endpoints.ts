import { nameOf } from '@lepton/common/http/auth'
import { type ConsumingService, isConsuming, type PublishingService } from '@lepton/contracts/services'
import { deadLetterRoutes } from '@lepton/contracts/dead-letter-routes'
import {
  type DeadLetterQuery,
  LetterId,
  numberOf,
  type ReplayedLetter,
  type ReplayLetters,
  serviceOf,
} from '@lepton/contracts/dead-letters'
import { republishRoute } from '@lepton/contracts/republish'
import type { z } from 'zod'
import { decodeCursor, encodeCursor, isInstant } from '@lepton/common/runtime/cursor'
import { answer, type Endpoint } from '@lepton/common/http/app'
import type { Database } from '@lepton/events/postgres/database'
import type { Cause } from '@lepton/events/audit'
import { isPoison } from '@lepton/events/poison'
import type { DeadLetter } from '@lepton/events/dead-letters/dead-letter'
import { discard } from '@lepton/events/dead-letters/discard'
import { replay } from '@lepton/events/dead-letters/replay'
import { republish } from '@lepton/events/republish'
import type { Subscription } from '@lepton/events/subscription'
import { opsListEndpoints } from './ops-lists.ts'
import { refuse } from './refuse.ts'
import { shownLetter, withoutCard } from './shown-letter.ts'
import { trailEndpoints } from './trail-endpoints.ts'

/** More than one call replays; who has more calls again. */
const MAX_REPLAYED = 100

/** What operators see of the events that a service publishes, applies and could not apply, and what they may do to them. */
export function eventEndpoints(
  service: PublishingService,
  database: Database,
  subscriptions: readonly Subscription[],
  /** The key of the service's own events about an order, where it is not the order's id. */
  keyOf?: (orderId: string) => Promise<string | undefined>,
): Endpoint[] {
  const ofAll = [
    ...archiveEndpoints(service, database),
    ...trailEndpoints(service, database, keyOf),
    ...opsListEndpoints(service, database),
  ]
  return isConsuming(service) ? [...ofAll, ...deadLetterEndpoints(service, database, subscriptions)] : ofAll
}

function archiveEndpoints(service: PublishingService, database: Database): Endpoint[] {
  return [
    answer(republishRoute(service), async ({ body, caller }) => {
      const { since, until, dry_run: dryRun, reason } = body
      const range = { since, until, dryRun }
      return {
        status: 200,
        body: { events: await republish(database, range, { who: nameOf(caller), reason }) },
      }
    }),
  ]
}

function deadLetterEndpoints(
  service: ConsumingService,
  database: Database,
  subscriptions: readonly Subscription[],
): Endpoint[] {
  const routes = deadLetterRoutes(service)
  const subscriptionOf = ({ consumer }: DeadLetter) =>
    subscriptions.find(({ topic }) => topic.number === consumer)!

  async function find(letterId: string): Promise<DeadLetter> {
    const letter =
      serviceOf(letterId) === service ? await findLetter(database, numberOf(letterId)) : undefined
    if (letter === undefined) throw refuse('not-found', `There is no dead letter ${letterId}.`)
    return letter
  }

  async function replayOne(letter: DeadLetter, cause: Cause, isDryRun: boolean): Promise<ReplayedLetter> {
    const { letter_id, key, sequence } = shownLetter(service, letter)
    const about = { letter_id, key, sequence }
    if (isDryRun) return { ...about, outcome: 'WOULD_REPLAY' }
    try {
      const isDone = await replay(database, subscriptionOf(letter), letter.id, Date.now(), cause)
      return { ...about, outcome: isDone ? 'REPLAYED' : 'WAITS' }
    } catch (error) {
      if (!isPoison(error)) throw error
      return { ...about, outcome: 'FAILED', detail: (error as Error).message }
    }
  }

  return [
    answer(routes.list, async ({ query }) => {
      const letters = await listLetters(database, service, query)
      const last = letters.at(-1)
      const isMore = letters.length === query.limit && last !== undefined
      return {
        status: 200,
        body: {
          items: letters.map((letter) => shownLetter(service, letter)),
          next_cursor: isMore ? cursorOf(shownLetter(service, last)) : null,
        },
      }
    }),
    answer(routes.replay, async ({ body, caller }) => {
      const items: ReplayedLetter[] = []
      const cause = { who: nameOf(caller), reason: body.reason }
      for (const letter of await findDead(database, service, body)) {
        items.push(await replayOne(letter, cause, body.dry_run))
      }
      return { status: 200, body: { items } }
    }),
    answer(routes.get, async ({ params }) => {
      const letter = await find(params.letter_id)
      const payload_base64 = letter.payload === null ? null : withoutCard(letter.payload).toString('base64')
      return {
        status: 200,
        body: { ...shownLetter(service, letter), headers: letter.headers, payload_base64 },
      }
    }),
    answer(routes.discard, async ({ params, body, caller }) => {
      const letter = await find(params.letter_id)
      const cause = { who: nameOf(caller), reason: body.reason }
      const discarded = await discard(database, subscriptionOf(letter), letter, cause)
      return { status: 200, body: shownLetter(service, discarded) }
    }),
  ]
}

/** The place of a letter in the list of all services: newest first. */
function cursorOf({ first_failed_at, letter_id }: { first_failed_at: string; letter_id: string }): string {
  return encodeCursor([first_failed_at, letter_id])
}

function isLetterId(part: string): boolean {
  return LetterId.safeParse(part).success
}

async function findLetter(database: Database, id: number): Promise<DeadLetter | undefined> {
  const { rows } = await database.query<DeadLetter>('select * from dead_letter where id = $1', [id])
  return rows[0]
}

async function listLetters(
  database: Database,
  service: string,
  { status, key, error_class, event_type, cursor, limit }: z.output<typeof DeadLetterQuery>,
): Promise<DeadLetter[]> {
  const [failedAt, letterId] =
    cursor === undefined ? ['infinity', ''] : decodeCursor(cursor, [isInstant, isLetterId])
  const { rows } = await database.query<DeadLetter>(
    `select * from dead_letter
     where status = any($1) and ($2::text is null or key = $2)
       and ($7::text is null or error_class = $7) and ($8::text is null or headers ->> 'ce_type' = $8)
       and (date_trunc('milliseconds', first_failed_at), $3 || '-' || id) < ($4::timestamptz, $5)
     order by date_trunc('milliseconds', first_failed_at) desc, $3 || '-' || id desc limit $6`,
    [
      status === undefined ? ['DEAD', 'BLOCKED', 'REFUSED'] : [status],
      key ?? null,
      service,
      failedAt,
      letterId,
      limit,
      error_class ?? null,
      event_type ?? null,
    ],
  )
  return rows
}

/** Dead letters in the order in which their keys need them. */
async function findDead(
  database: Database,
  service: string,
  { letter_id, letter_ids, key, event_id, error_class }: ReplayLetters,
): Promise<DeadLetter[]> {
  const named = letter_id === undefined ? letter_ids : [letter_id]
  const ids = named?.filter((id) => serviceOf(id) === service).map(numberOf)
  if (ids?.length === 0) return []
  const { rows } = await database.query<DeadLetter>(
    `select * from dead_letter
     where status = 'DEAD' and ($1::bigint[] is null or id = any($1)) and ($2::text is null or key = $2)
       and ($3::uuid is null or event_id = $3) and ($4::text is null or error_class = $4)
     order by consumer, key, pub_seq nulls first, id limit $5`,
    [ids ?? null, key ?? null, event_id ?? null, error_class ?? null, MAX_REPLAYED],
  )
  return rows
}
