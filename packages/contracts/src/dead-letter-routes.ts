import { z } from 'zod'
import {
  DeadLetter,
  DeadLetterDetail,
  DeadLetterQuery,
  DiscardLetter,
  OfLetter,
  ReplayedLetter,
  ReplayLetters,
} from './dead-letters.ts'
import { pageOf } from './fields.ts'
import { partial } from './incomplete.ts'
import type { ConsumingService } from './services.ts'
import { route } from './route.ts'

const operator = { access: ['operator'] } as const
const inside = { ...operator, delegates: ['ops'], exposed: false } as const

/** What each consuming service answers about its own dead letters; the ops service joins them. */
export function deadLetterRoutes(owner: ConsumingService) {
  return {
    list: route({
      operation: 'list_own_dead_letters',
      owner,
      method: 'GET',
      path: '/ops/dead-letters',
      summary: "The service's records that could not be applied, and those that wait behind them",
      ...inside,
      query: DeadLetterQuery,
      answers: { 200: pageOf(DeadLetter) },
      problems: [],
    }),
    get: route({
      operation: 'get_own_dead_letter',
      owner,
      method: 'GET',
      path: '/ops/dead-letters/:letter_id',
      summary: 'One of them, with headers and payload',
      ...inside,
      params: OfLetter,
      answers: { 200: DeadLetterDetail },
      problems: [],
    }),
    replay: route({
      operation: 'replay_own_dead_letters',
      owner,
      method: 'POST',
      path: '/ops/dead-letters/replay',
      summary: 'Apply dead letters again',
      ...inside,
      body: ReplayLetters,
      answers: { 200: z.object({ items: z.array(ReplayedLetter) }) },
      problems: [],
    }),
    discard: route({
      operation: 'discard_own_dead_letter',
      owner,
      method: 'POST',
      path: '/ops/dead-letters/:letter_id/discard',
      summary: 'Give a dead letter up',
      ...inside,
      params: OfLetter,
      body: DiscardLetter,
      answers: { 200: DeadLetter },
      problems: ['letter-settled'],
    }),
  }
}

export const listDeadLetters = route({
  operation: 'list_dead_letters',
  owner: 'ops',
  method: 'GET',
  path: '/ops/dead-letters',
  summary: 'Records that could not be applied and those that wait behind them, of all services, newest first',
  ...operator,
  query: DeadLetterQuery,
  answers: { 200: pageOf(DeadLetter).extend(partial) },
  problems: [],
})

export const getDeadLetter = route({
  operation: 'get_dead_letter',
  owner: 'ops',
  method: 'GET',
  path: '/ops/dead-letters/:letter_id',
  summary: 'One dead letter, with headers and payload',
  ...operator,
  params: OfLetter,
  answers: { 200: DeadLetterDetail },
  problems: [],
})

export const replayDeadLetters = route({
  operation: 'replay_dead_letters',
  owner: 'ops',
  method: 'POST',
  path: '/ops/dead-letters/replay',
  summary:
    'Apply the dead letters of a letter, key, event or error class again; then what waited behind them',
  ...operator,
  body: ReplayLetters,
  answers: { 200: z.object({ items: z.array(ReplayedLetter), ...partial }) },
  problems: [],
})

export const discardDeadLetter = route({
  operation: 'discard_dead_letter',
  owner: 'ops',
  method: 'POST',
  path: '/ops/dead-letters/:letter_id/discard',
  summary: 'Give a dead letter up for good, so that its key goes on without it',
  ...operator,
  params: OfLetter,
  body: DiscardLetter,
  answers: { 200: DeadLetter },
  problems: ['letter-settled'],
})
