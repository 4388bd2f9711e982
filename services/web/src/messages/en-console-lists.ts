import { n } from './en-plural.ts'

/** The console's lists. */
export const lists = {
  inFlight: {
    nav: 'In flight',
    title: (count: number, stuck: number) =>
      count === 0
        ? 'No order is in flight.'
        : `${n(count, 'order is', 'orders are')} in flight; ${stuck === 0 ? 'none is stuck' : `${n(stuck, 'is', 'are')} stuck`}.`,
    stuck: 'Have not moved for 30 s',
    steps: 'Where they are',
    customer: 'the customer has not paid',
    because: {
      no_instance: 'no instance answers',
      dead_letter: 'a dead letter',
      processor_slow: 'the bank is slow',
      outbox_waits: 'the outbox waits',
      consumer_lags: 'the consumer lags',
      unknown: 'not known',
    },
    columns: {
      order: 'order',
      status: 'status',
      waits: 'waits for',
      because: 'because',
      since: 'since',
      decision: 'decision',
      stock: 'stock',
      money: 'money',
      count: 'orders',
      oldest: 'oldest',
      p95: '95 % within',
    },
  },
  letters: {
    nav: 'Dead letters',
    title: (dead: number, blocked: number) =>
      dead + blocked === 0
        ? 'Every event could be applied.'
        : `${n(dead, 'event', 'events')} could not be applied; ${n(blocked, 'waits', 'wait')} behind.`,
    empty:
      'There is no dead letter. An event that a service cannot apply is kept here, and only its own key waits.',
    open: 'Not applied',
    since: (count: number) => `+${count} since you looked: left alone`,
    look: 'Look first',
    apply: (count: number) =>
      count === 0 ? 'Apply again' : count === 1 ? 'Apply exactly this one' : `Apply exactly these ${count}`,
    reason: 'from the console',
    states: {
      DEAD: 'cannot apply',
      BLOCKED: 'waits behind',
      REPLAYED: 'applied',
      DISCARDED: 'given up',
      REFUSED: 'not ours',
    },
    outcomes: {
      WOULD_REPLAY: 'would be applied',
      REPLAYED: 'applied',
      FAILED: 'failed again',
      WAITS: 'waits',
    },
    columns: {
      letter: 'letter',
      state: 'state',
      order: 'order',
      event: 'event',
      error: 'error',
      tries: 'tries',
      since: 'since',
      outcome: 'outcome',
    },
  },
  stock: {
    nav: 'Stock',
    right: (products: number) => `${n(products, 'product', 'products')}; the units of each add up.`,
    wrong: (products: number) => `The units of ${n(products, 'product', 'products')} do not add up.`,
    columns: {
      product: 'product',
      category: 'category',
      available: 'available',
      held: 'held',
      committed: 'sold',
      received: 'received',
    },
  },
  activity: {
    nav: 'Activity',
    title: 'What operators did, newest first.',
    empty: 'No operator has done anything yet.',
    columns: { when: 'ago', who: 'who', what: 'what', target: 'with', why: 'why', result: 'result' },
  },
  logs: {
    nav: 'Logs',
    title: 'The latest lines of all processes.',
    level: 'from level',
    show: 'Show',
    empty: 'No line matches.',
    fields: { service: 'Service or instance', order_id: 'Order id', query: 'Words' },
    columns: { at: 'time, UTC', level: 'level', instance: 'instance', message: 'line' },
  },
}
