import { expect, it } from '@jest/globals'
import type { ServiceView } from '@lepton/contracts/figures'
import { type Around, whyStuck } from './stuck.ts'

const AT = '2026-01-01T00:00:00.000Z'
const figures = {
  requests_per_s: 0,
  error_share: null,
  p99_ms: null,
  lag_records: 0,
  outbox_pending: 0,
  outbox_oldest_s: 0,
  dead_letters: 0,
}
const instance = {
  name: 'payment-1',
  service: 'payment',
  state: 'passing',
  since: AT,
} as ServiceView['instances'][number]
const payment: ServiceView = { service: 'payment', expected: 1, instances: [instance], figures }
const order = {
  order_id: 'an order',
  waits_for: { step: 'payment_authorized', service: 'payment', since: AT, deadline: null },
}
const around: Around = { services: [payment], letters: new Map(), unsettled: new Map() }
const letters = new Map([['an order', { letter_id: 'payment-1', error_message: 'a bug' }]])
const unsettled = new Map([['an order', { attempts: 5, last_error: '503' }]])

it.each<[string, Partial<Around>, string, string | null]>([
  ['its own dead letter comes first', { letters, unsettled }, 'dead_letter', 'payment-1: a bug'],
  [
    'no instance is there to do it',
    { services: [{ ...payment, instances: [{ ...instance, state: 'failing' }] }], unsettled },
    'no_instance',
    'payment',
  ],
  ['the card processor does not answer', { unsettled }, 'processor_slow', '5 attempts: 503'],
  [
    'events are not sent',
    { services: [payment, { ...payment, service: 'order', figures: { ...figures, outbox_oldest_s: 9 } }] },
    'outbox_waits',
    'order',
  ],
  [
    'events are not read',
    { services: [{ ...payment, figures: { ...figures, lag_records: 900 } }] },
    'consumer_lags',
    'payment',
  ],
  ['nothing can be seen', {}, 'unknown', null],
  [
    'figures are not known: that is no reason',
    { services: [{ ...payment, figures: { ...figures, outbox_oldest_s: null, lag_records: null } }] },
    'unknown',
    null,
  ],
])('an order is stuck because %s', (_what, given, because, detail) => {
  expect(whyStuck(order, { ...around, ...given })).toEqual({ because, detail })
})
