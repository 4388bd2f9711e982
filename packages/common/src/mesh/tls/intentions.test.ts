import { expect, it } from '@jest/globals'
import { type Intention, isAllowed } from './intentions.ts'

/** As Consul numbers them: exact names before wildcards. */
const intend = (SourceName: string, DestinationName: string, Action: string): Intention => ({
  SourceName,
  DestinationName,
  Action,
  Precedence: (SourceName === '*' ? 5 : 6) + (DestinationName === '*' ? 0 : 3),
  SourcePeer: '',
})

it.each<[string, Intention[], string | undefined, boolean]>([
  ['nothing is said', [], 'cart', true],
  ['it is denied by name', [intend('cart', 'order', 'deny')], 'cart', false],
  ['another is denied', [intend('payment', 'order', 'deny')], 'cart', true],
  ['another service is closed to it', [intend('cart', 'payment', 'deny')], 'cart', true],
  [
    'all is denied, but it by name',
    [intend('*', '*', 'deny'), intend('cart', 'order', 'allow')],
    'cart',
    true,
  ],
  [
    'all are allowed, but it is not',
    [intend('*', 'order', 'allow'), intend('cart', 'order', 'deny')],
    'cart',
    false,
  ],
  ['only single paths are allowed', [intend('cart', 'order', '')], 'cart', false],
  [
    'two of one rank differ',
    [intend('cart', 'order', 'allow'), intend('cart', 'order', 'deny')],
    'cart',
    false,
  ],
  [
    'the one denied is of another cluster',
    [{ ...intend('cart', 'order', 'deny'), SourcePeer: 'east' }],
    'cart',
    true,
  ],
  ['it has no name, and all are denied', [intend('*', 'order', 'deny')], undefined, false],
  ['it has no name, and one is denied', [intend('cart', 'order', 'deny')], undefined, true],
])('decides where %s', (_when, intentions, caller, allowed) => {
  expect(isAllowed(intentions, caller, 'order')).toBe(allowed)
})
