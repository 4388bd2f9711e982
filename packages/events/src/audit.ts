import type { Tx } from './postgres/transaction.ts'

/** Who did something by hand, and why. */
export interface Cause {
  who: string
  reason: string
}

/** Notes what an operator did, in the transaction that does it. */
export function audit(
  tx: Tx,
  { who, reason }: Cause,
  { action, target, result }: { action: string; target: string; result: string },
): void {
  tx.write('insert into ops_audit (who, action, target, reason, result) values ($1, $2, $3, $4, $5)', [
    who,
    action,
    target,
    reason,
    result,
  ])
}
