import type { Pattern } from '@lepton/contracts/patterns'
import { type PromiseId, PROMISES } from '@lepton/contracts/promise-names'
import { n } from './en-plural.ts'

/** The texts of the page on patterns, which is loaded with it. */
const patterns = {
  title: 'Leave a pattern out',
  lead: 'Every pattern of this shop can be taken out by an edit of a few lines. Two shops of their own were attacked in the same way, with the same seed: one as it is, and one without the pattern. Which promise would break was written down before.',
  leaveOut: 'Leave out',
  expected: (ids: string) => `Foretold to break: ${ids}.`,
  or: ' or ',
  replay: 'Replay',
  end: 'Show the end',
  speed: 'Speed',
  at: (seconds: string) => `${seconds} s into the attack`,
  with: (name: string) => `With ${name}`,
  without: (name: string) => `Without ${name}`,
  plate: (name: string) => `${name}: the services while they are attacked; the figures below say the same`,
  legend: 'Pale: orders · gold: orders that a promise was broken for · red: hit.',
  recorded: (at: string, commit: string, seed: number) =>
    `Recorded on ${at}, commit ${commit}, seed ${seed}.`,
  ranHere: (at: string, commit: string, seed: number) => `Run here on ${at}, commit ${commit}, seed ${seed}.`,
  figures: { accepted: 'orders accepted', ended: 'reached their end', faults: 'faults' },
  attacked: 'attacked',
  allKept: 'all promises kept',
  broken: (ids: string) => `broken: ${ids}`,
  promised: 'The promises, in both shops',
  columns: { promise: 'promise', with: 'with it', without: 'without it' },
  foretold: 'foretold',
  verdicts: { kept: 'kept', broken: 'broken' },
  seen: 'What contradicts them',
  times: (id: string, count: number) => `${id}, ${n(count, 'time', 'times')}:`,
  edits: 'The lines that are the pattern',
  live: {
    title: 'Run it here',
    what: (time: string) =>
      `Starts two shops beside this one, with databases and ports of their own, and attacks one after the other. It took ${time} when it was recorded. This shop goes on, more slowly.`,
    run: 'Run this pair now',
    stop: 'Stop',
    show: 'Show what came of it',
    notHere: 'What runs this shop gives its pages no right to start another. Type in a checkout:',
    long: 'This pair takes longer than four minutes. Type in a checkout:',
    ending: 'stopping',
    states: {
      running: (name: string) => `running: ${name}`,
      done: (name: string) => `done: ${name}`,
      stopped: (name: string) => `stopped: ${name}`,
      failed: (name: string) => `failed: ${name}`,
    },
    phases: {
      starting: 'the shop starts',
      breaking: 'customers buy, and things break',
      healing: 'everything heals, and the last orders end',
      judging: 'the books are compared',
    },
    progress: (lane: 'with' | 'without', name: string, phase: string, accepted: number) =>
      `${lane === 'with' ? 'With' : 'Without'} ${name}: ${phase}; ${n(accepted, 'order', 'orders')} accepted.`,
  },
  of: {
    inbox: {
      name: 'the inbox',
      without: 'Without the inbox, an event that comes twice has its effect twice.',
    },
    outbox: {
      name: 'the outbox',
      without: 'Without the outbox, a killed process loses events that its database has.',
    },
    acknowledgement: {
      name: 'the acknowledgement',
      without: 'Without waiting for Kafka’s acknowledgement, events are lost with the broker.',
    },
    offset_order: {
      name: 'the offset after the work',
      without: 'With the offset committed before the work, an accepted checkout becomes no order.',
    },
    commit_order: {
      name: 'the order of commits',
      without: 'Sent in the order in which transactions began, a cancellation comes before its placement.',
    },
    idempotency: {
      name: 'the idempotency key',
      without: 'Without the key, a request that is repeated is a second order.',
    },
    tombstone: {
      name: 'the tombstone',
      without: 'Without the tombstone, a reservation that comes after its cancellation is held forever.',
    },
    arbiter: {
      name: 'the arbiter',
      without: 'Without one arbiter, units are freed while their order is confirmed.',
    },
    barrier: {
      name: 'the barrier',
      without: 'Without the barrier, a late try holds units that no order will take.',
    },
    never_throw: {
      name: 'the dead letter',
      without: 'Without dead letters, one broken message stops its consumer, and all orders with it.',
    },
    durability: {
      name: 'durability',
      without: 'Without a commit on disk, accepted orders are gone after PostgreSQL crashes.',
    },
  } satisfies Record<Pattern, { name: string; without: string }>,
}

export const texts = { patterns, promises: PROMISES as Record<PromiseId, string> }
export type PatternMessages = typeof texts
