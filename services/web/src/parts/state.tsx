import type { ReactNode } from 'react'
import type { Status } from '../api.ts'
import { useMessages } from '../messages/messages.tsx'
import style from './state.module.css'

/** in motion · as it should be · waits · broken · taken back · no data */
type StateKind = 'move' | 'ok' | 'wait' | 'bad' | 'undo' | 'none'

/** A state is a shape, a colour and a word; the word alone would do. */
export function State({ kind, children }: { kind: StateKind; children: ReactNode }) {
  return <span className={`${style['state']} ${style[kind]}`}>{children}</span>
}

const KINDS: Record<Status, StateKind> = {
  SUBMITTED: 'move',
  PLACED: 'move',
  RESERVED: 'move',
  CONFIRMED: 'move',
  COMPLETED: 'ok',
  CANCELLING: 'undo',
  CANCELLED: 'undo',
  REJECTED: 'undo',
  REFUNDED: 'undo',
}

export function OrderState({ status }: { status: Status }) {
  return <State kind={KINDS[status]}>{useMessages().status[status]}</State>
}
