import { n } from './en-plural.ts'

export const landing = {
  title: 'A shop that stays right when anything dies.',
  lead: 'Cart, order, payment and inventory, with PostgreSQL, Kafka and Consul, running on this machine. Buy something, kill a service while your order is in flight, and watch it complete: once, charged once.',
  buyAndKill: 'Buy something and kill a service',
  justShop: 'Just shop',
  honest: 'Nothing here is simulated but the bank. Every point on the plate is one order.',
  plate: (inFlight: number | undefined) =>
    `The services and how orders go through them${inFlight === undefined ? '' : `; ${n(inFlight, 'order', 'orders')} in flight`}`,
  legend: 'straight: request · wavy: event through Kafka · red: not answering',
  now: {
    unknown: 'not known now',
    all: (count: number) => `all ${count} instances answer`,
    silent: (names: string) => `not answering: ${names}`,
  },
  facts: {
    title: 'The books',
    orders: 'orders',
    lost: 'lost',
    twice: 'charged twice',
    oversold: 'sold that were not there',
    kills: 'processes started again',
    checked: (time: string) => `Every order was compared with stock, payments and the bank ${time} ago.`,
    asking: 'Asking the shop…',
    unknown: 'Not compared yet: the figures come when every order has been looked at.',
  },
  tryTitle: 'Four things to try',
  kill: {
    title: '1 · Kill something while buying',
    text: 'Choose a victim: a service, Kafka, the database. Your order and a crowd of others go on, and the books are compared in front of you.',
  },
  leave: {
    title: '2 · Leave a pattern out',
    text: 'Outbox, inbox, idempotency, arbiter: see the same attack on a shop with the pattern and on one without it, and which promise breaks.',
  },
  follow: {
    title: '3 · Follow one order',
    text: 'Buy a desk lamp and watch its order: stock held, card authorised, confirmed, charged. Cancel it, refund it, let the card be declined.',
  },
  watch: {
    title: '4 · Watch the machinery',
    text: 'Every instance, its load and its errors, what waits for Kafka, which promises hold. Add an instance, or take one away.',
  },
}

export const lab = {
  experiments: 'Experiments',
  title: 'Kill something while buying',
  patterns: 'Leave a pattern out',
  lead: (guests: number, perS: number) =>
    `A crowd of ${guests} shoppers places ${perS} orders a second in this shop. You buy a desk lamp, and in the same moment something dies. Then every order is counted, and the books are compared.`,
  victim: 'What dies',
  victims: {
    order: 'one order service',
    payment: 'both payment services',
    inventory: 'both inventory services',
    psp: 'the bank',
    kafka: 'Kafka',
    postgres: 'PostgreSQL',
  },
  start: (victim: string) => `Buy, and kill ${victim}`,
  running: 'Running…',
  notHere: 'What runs this shop gives its pages no right to kill. Type:',
  signIn: 'Sign in as an operator to kill something.',
  plate: 'The services while the experiment runs; the figures below say the same',
  legend: 'pale: the crowd · gold: your order · red: not answering',
  silent: (names: string) => `not answering: ${names}`,
  figures: {
    mine: 'your order',
    accepted: 'orders of the crowd accepted',
    ended: 'reached their end',
    refused: 'never accepted',
    killed: 'killed',
  },
  phases: {
    warming: 'The crowd begins to buy…',
    struck: 'It is dead. The crowd goes on buying…',
    settling: 'Waiting for the last order to end…',
    checking: 'Comparing every order with stock, payments and the bank…',
  },
  good: 'Nothing was lost.',
  notGood: 'Not everything is as it should be.',
  mine: (status: string, time: string, isOnce: boolean) =>
    `Your order: ${status} after ${time}, ${isOnce ? 'charged once' : 'not charged as it should be'}.`,
  crowd: (accepted: number, ended: number, refused: number) =>
    `The crowd: ${accepted} orders accepted, ${ended} ended${refused === 0 ? '' : `, ${refused} never accepted`}.`,
  books: (kept: number, of: number, broken: string) =>
    `The books: ${kept} of ${of} promises kept${broken === '' ? '' : `; broken: ${broken}`}.`,
  killed: (victim: string) => `Lepton, while buying, with ${victim} killed:`,
  copy: 'Copy',
  copied: 'Copied.',
  showOrder: 'Show my order',
  showBooks: 'Show the books',
}
