import { DatabaseSync } from 'node:sqlite'
import { newId } from '@lepton/common/runtime/id'
import type { AuditedCharge } from '@lepton/contracts/audit'
import type { Charge, ChargeWebhook } from '@lepton/contracts/psp'
import { openPostbox, type Postbox } from './postbox-store.ts'

export type Move = 'capture' | 'void' | 'refund'

/** A charge with the card it is on, which decides how the processor behaves. */
export interface BookedCharge extends Charge {
  payment_token: string
}

export interface Answer {
  charge: BookedCharge | undefined
  /** Why nothing was booked. */
  refusal?: string
  /** The key was known: this is the answer of the first time. */
  isRepeat: boolean
}

/** Why a card does not let a charge be moved, and the state that it is in instead. */
export interface MoveRefusal {
  why: string
  becomes?: Charge['state']
}

export interface Ledger {
  authorize(key: string, request: Omit<Charge, 'charge_id' | 'state'> & { payment_token: string }): Answer
  /** `refusal` decides what the card does, by how often the move was refused before. */
  move(
    key: string,
    chargeId: string,
    move: Move,
    refusal: (charge: BookedCharge, refused: number) => MoveRefusal | undefined,
  ): Answer
  get(chargeId: string): BookedCharge | undefined
  find(merchantReference: string): BookedCharge[]
  /** Charges by merchant reference, both ends included, with what was moved on them. */
  export(from: string, to: string): AuditedCharge[]
  /** Webhooks about the movements that are still to be sent. */
  postbox: Postbox
  close(): void
}

/** How long the slow card takes. */
export const SLOW_MS = 3_000

const TRANSITIONS = {
  capture: { from: 'AUTHORIZED', to: 'CAPTURED' },
  void: { from: 'AUTHORIZED', to: 'VOIDED' },
  refund: { from: 'CAPTURED', to: 'REFUNDED' },
} as const satisfies Record<Move, { from: Charge['state']; to: Charge['state'] }>

/**
 * The processor's own books, in a file of its own: the truth about money that the shop is measured by.
 *
 * Every movement is on disk before it is answered. One idempotency key is always one movement; two
 * keys are two charges, even for the same order, as with a real processor. With webhooks, each movement
 * leaves one in the postbox.
 */
export function openLedger(file: string, { hasWebhooks = false } = {}): Ledger {
  const db = new DatabaseSync(file)
  db.exec(`
    pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 2000;
    create table if not exists charges (
      charge_id text primary key, merchant_reference text not null, state text not null, amount_minor integer not null,
      currency text not null, payment_token text not null, decline_reason text) strict;
    create index if not exists charges_merchant_reference on charges (merchant_reference);
    create table if not exists movements (
      id integer primary key, idempotency_key text not null unique, charge_id text, kind text not null,
      amount_minor integer not null, refusal text, at text not null) strict;
    create index if not exists movements_charge_id on movements (charge_id);`)
  const postbox = openPostbox(db)
  const byKey = db.prepare('select charge_id, refusal from movements where idempotency_key = ?')
  const byId = db.prepare('select * from charges where charge_id = ?')
  const countRefused = db.prepare(
    'select count(*) as refused from movements where charge_id = ? and kind = ? and refusal is not null',
  )
  const byReference = db.prepare('select * from charges where merchant_reference = ? order by charge_id')
  const byRange = db.prepare(
    `select c.charge_id, merchant_reference, state, c.amount_minor,
       count(*) filter (where kind = 'capture') as captures,
       coalesce(sum(m.amount_minor) filter (where kind = 'capture'), 0) as captured_minor,
       coalesce(sum(m.amount_minor) filter (where kind = 'refund'), 0) as refunded_minor
     from charges c left join movements m on m.charge_id = c.charge_id and m.refusal is null
     where merchant_reference between ? and ? group by c.charge_id`,
  )
  const insertCharge = db.prepare('insert into charges values (?, ?, ?, ?, ?, ?, ?)')
  const insertMovement = db.prepare(
    'insert into movements (idempotency_key, charge_id, kind, amount_minor, refusal, at) values (?, ?, ?, ?, ?, ?)',
  )
  const setState = db.prepare('update charges set state = ? where charge_id = ?')

  function tell(charge: BookedCharge): void {
    if (!hasWebhooks) return
    const { payment_token: card } = charge
    // A movement is published after it is answered, but for the card whose answer never comes.
    const how = { copies: card === 'tok_webhook_twice' ? 2 : 1, afterMs: card === 'tok_slow' ? SLOW_MS : 0 }
    postbox.put(webhookOf(charge), how)
  }

  const charge = (id: string) => byId.get(id) as BookedCharge | undefined

  function once(key: string, book: () => Omit<Answer, 'isRepeat'>): Answer {
    const known = byKey.get(key) as { charge_id: string | null; refusal: string | null } | undefined
    if (known !== undefined) {
      return {
        charge: known.charge_id === null ? undefined : charge(known.charge_id),
        ...(known.refusal !== null && { refusal: known.refusal }),
        isRepeat: true,
      }
    }
    db.exec('begin immediate')
    try {
      const answer = book()
      if (answer.charge !== undefined && answer.refusal === undefined) tell(answer.charge)
      db.exec('commit')
      return { ...answer, isRepeat: false }
    } catch (error) {
      db.exec('rollback')
      throw error
    }
  }

  const note = (key: string, id: string | null, kind: string, amount: number, refusal: string | null) =>
    insertMovement.run(key, id, kind, amount, refusal, new Date().toISOString())

  return {
    authorize: (key, { merchant_reference, amount_minor, currency, payment_token, decline_reason }) =>
      once(key, () => {
        const id = newId()
        const state = decline_reason === null ? 'AUTHORIZED' : 'DECLINED'
        insertCharge.run(id, merchant_reference, state, amount_minor, currency, payment_token, decline_reason)
        note(key, id, 'authorize', amount_minor, null)
        return { charge: charge(id) }
      }),
    move: (key, chargeId, move, refusalOf) =>
      once(key, () => {
        const found = charge(chargeId)
        const { from, to } = TRANSITIONS[move]
        if (found === undefined) {
          const refusal = 'there is no such charge'
          note(key, null, move, 0, refusal)
          return { charge: undefined, refusal }
        }
        const { refused } = countRefused.get(chargeId, move) as { refused: number }
        const { why: refusal, becomes = found.state } =
          found.state === from
            ? (refusalOf(found, refused) ?? {})
            : { why: `a charge that is ${found.state} cannot be ${to}` }
        note(key, chargeId, move, found.amount_minor, refusal ?? null)
        if (refusal !== undefined) {
          setState.run(becomes, chargeId)
          return { charge: charge(chargeId), refusal }
        }
        setState.run(to, chargeId)
        return { charge: charge(chargeId) }
      }),
    postbox,
    get: charge,
    find: (merchantReference) => byReference.all(merchantReference) as unknown as BookedCharge[],
    export: (from, to) => byRange.all(from, to) as unknown as AuditedCharge[],
    close: () => db.close(),
  }
}

function webhookOf({ charge_id, merchant_reference, state }: BookedCharge): ChargeWebhook {
  const type = `charge.${state.toLowerCase()}`
  return { event_id: newId(), type, merchant_reference, charge_id, created_at: new Date().toISOString() }
}
