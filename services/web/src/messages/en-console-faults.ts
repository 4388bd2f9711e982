import { n } from './en-plural.ts'

/** What is broken on purpose. */
export const faults = {
  nav: 'Faults',
  unknown: 'What is broken on purpose is not known: the processes cannot be seen from here.',
  none: 'Nothing is broken on purpose.',
  some: (count: number) => `${n(count, 'fault is', 'faults are')} requested; each ends by itself.`,
  now: 'Now',
  stopAll: 'Stop all',
  stop: 'Stop',
  stopOf: (target: string) => `Stop the fault of ${target}`,
  reason: 'from the console',
  kinds: {
    stop_service: (target: string) => `all of ${target} paused`,
    pause: (target: string) => `${target} paused`,
    kill_again: (target: string) => `${target} killed every 5 s`,
  },
  effect: (seen: number, all: number) => `in effect on ${seen} of ${all}`,
  kills: (count: number) => n(count, 'kill', 'kills'),
  endless: 'no end of its own',
  stranger: 'not started from this console',
  start: 'Break something',
  nothing: 'The launcher does not say what runs: there is nothing to choose from.',
  what: 'What',
  target: 'Where',
  begin: 'Start',
  seconds: (most: number) => `For how long, in seconds (at most ${most})`,
  choice: {
    stop_service: 'Pause a whole service',
    pause: 'Pause one process or server',
    kill_again: 'Kill instances of a service, again and again',
  },
  hints: {
    stop_service: 'All its instances get a SIGSTOP: connections stay open, and nothing answers.',
    pause: 'It gets a SIGSTOP. The launcher lets it go on, whatever becomes of this console.',
    kill_again:
      'Every five seconds one of them gets a SIGKILL, and the launcher starts it again. It ends with ops, too.',
  },
  /** What still works without it. */
  works: {
    gateway: 'Nothing can be reached; what was accepted is carried out.',
    cart: 'Everything but carts: buying without one, paying, reading orders.',
    order: 'Shelf and carts; a checkout is accepted and becomes an order later.',
    inventory: 'Orders and payments as they are; the shelf and new orders answer at once that it is away.',
    payment: 'Everything but money: orders are accepted and wait for it.',
    psp: 'Everything but the bank: orders wait for their authorisation, and are asked about again.',
    kafka: 'Everything that is asked; events wait in the outboxes, and orders go on afterwards.',
    postgres: 'The pages; whatever needs a database answers 503, and goes on afterwards.',
    consul: 'Everything: services know one another from before; nothing new is found.',
  },
  columns: {
    fault: 'fault',
    effect: 'seen',
    left: 'ends in',
    works: 'what still works',
    why: 'who and why',
    acts: 'actions',
  },
}
