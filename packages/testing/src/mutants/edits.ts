import type { Pattern } from '@lepton/contracts/patterns'

/** A change of one line of the shop. `find` occurs exactly once in the file. */
export interface Edit {
  /** Below the root of the repository. */
  file: string
  find: string
  replace: string
}

const APPLY = 'packages/events/src/apply.ts'
const CONSUME = 'packages/events/src/consume.ts'
const OUTBOX = 'packages/events/src/outbox.ts'
const PENDING = 'packages/events/src/pending.ts'
const RELAY = 'packages/events/src/relay.ts'
const STORE = 'packages/events/src/store.ts'
const BARRIER = 'packages/events/src/tcc/barrier.ts'
const OVERDUE = 'services/inventory/src/timers.ts'

/** For each pattern the edits that take it out of the shop. The lines they find are the pattern. */
export const MUTANT_EDITS = {
  inbox: [
    { file: 'packages/events/src/inbox.ts', find: 'madeAtMs >= horizonMs', replace: 'false' },
    { file: APPLY, find: 'subscription.position(state, event.key)', replace: 'undefined' },
  ],
  outbox: [
    {
      file: OUTBOX,
      find: '      insert(tx, rows)',
      replace: `      tx.afterCommit(() => void database.inTransaction(async (late) => insert(late, rows)))`,
    },
    {
      file: OUTBOX,
      find: '{ log }: { log?: Log } = {}',
      replace: '{ log, database } = {}',
    },
    { file: STORE, find: '{ log })', replace: '{ log, database })' },
  ],
  acknowledgement: [
    {
      file: RELAY,
      find: 'const startedAtMs = performance.now()',
      replace: 'await removePending(connection, batch)\n    const startedAtMs = performance.now()',
    },
  ],
  offset_order: [
    {
      file: CONSUME,
      find: 'await apply(trusted.map',
      replace: 'await delivery.done(chunk.at(-1).offset)\n      await apply(trusted.map',
    },
  ],
  commit_order: [
    { file: OUTBOX, find: 'earlier.are_sent as is_next', replace: 'true as is_next' },
    {
      file: PENDING,
      find: 'select shard, id, created_at from outbox_pending',
      replace: 'select shard, id, created_at, xmin::text::bigint as xid from outbox_pending',
    },
    { file: PENDING, find: 'order by p.id limit $2)', replace: 'order by p.xid, p.id limit $2)' },
    { file: PENDING, find: '  order by p.id`', replace: '  order by p.xid, p.id`' },
  ],
  idempotency: [
    { file: 'packages/events/src/idempotency.ts', find: 'if (key === undefined) {', replace: '{' },
    {
      file: 'packages/shop/src/order-id.ts',
      find: "derivedId('order', owner, route, idempotencyKey)",
      replace: "derivedId('order', crypto.randomUUID())",
    },
  ],
  tombstone: [
    {
      file: 'services/inventory/src/domain.ts',
      find: "{ kind: 'move', state: 'RELEASED', publish: 'released' }",
      replace: "{ kind: 'move', state: 'NONE', publish: 'released' }",
    },
    {
      file: 'services/payment/src/domain.ts',
      find: "{ payment: { ...payment, state: 'VOIDED' }, publish: 'voided' }",
      replace: "{ payment: given, publish: 'voided' }",
    },
  ],
  arbiter: [
    {
      file: 'services/inventory/src/hold.ts',
      find: 'new Date(Date.parse(deadline) + HOLD_BEYOND_DEADLINE_MS).toISOString()',
      replace: 'deadline',
    },
    {
      file: OVERDUE,
      find: "import { lockOverdue } from './reservations.ts'",
      replace:
        "import { lockOverdue, lockReservations } from './reservations.ts'\nimport { onCancelled } from './domain.ts'",
    },
    {
      file: OVERDUE,
      find: 'const { ids, changes } = await lockOverdue(tx, BATCH)',
      replace:
        'const { ids } = await lockOverdue(tx, BATCH)\n        const changes = await lockReservations(tx, ids, [])',
    },
    {
      file: OVERDUE,
      find: 'changes.askWhatBecameOf(id)',
      replace: 'changes.carryOut(id, onCancelled(changes.reservation(id).state), undefined)',
    },
  ],
  barrier: [
    {
      file: BARRIER,
      find: "if (phase === 'try' && branch.isCancelled) return tooLate()",
      replace: '',
    },
    {
      file: BARRIER,
      find: "{ barrier: 'CANCELLED', verdict: undefined",
      replace: "{ barrier: 'NONE', verdict: undefined",
    },
    {
      file: 'services/inventory/src/two-phase.ts',
      find: 'onPlaced(state, items, availableOf)',
      replace: "onPlaced(state === 'RELEASED' ? 'NONE' : state, items, availableOf)",
    },
    {
      file: 'services/payment/src/two-phase.ts',
      find: "payment.state === 'NONE' ? onTried(payment, intent!) : { payment }",
      replace: 'onTried(payment, intent)',
    },
  ],
  never_throw: [
    {
      file: CONSUME,
      find: 'const failures = (pauses.get(place) ?? 0) + 1',
      replace: 'if (isPoison(error)) throw error\n      const failures = (pauses.get(place) ?? 0) + 1',
    },
    {
      file: CONSUME,
      find: "import { createApplier } from './applier.ts'",
      replace: "import { createApplier } from './applier.ts'\nimport { isPoison } from './poison.ts'",
    },
    {
      file: 'packages/events/src/applier.ts',
      find: 'if (records.length === 1) return applyOrPark(records[0]!)',
      replace: `for (const { fault } of records) if (fault !== undefined) throw fault
    return apply(records)`,
    },
  ],
  durability: [
    {
      file: 'packages/events/src/postgres/database.ts',
      find: 'tcp_keepalives_count: 3,',
      replace: "tcp_keepalives_count: 3,\n    synchronous_commit: 'off',",
    },
    { file: STORE, find: 'if (settings.REQUIRE_DURABILITY) await assertDurable(database)', replace: '' },
  ],
} as const satisfies Record<Pattern, readonly Edit[]>

/** @throws Error where a line that an edit looks for is not there exactly once: the mutant no longer fits the shop */
export function mutate(source: string, edits: readonly Edit[]): string {
  return edits.reduce((text, { file, find, replace }) => {
    const parts = text.split(find)
    if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${find}`)
    return parts.join(replace)
  }, source)
}
