import { z } from 'zod'
import type { Topic } from './topics.ts'

/** One version of one kind of event: what it is called, where it travels, what it holds. */
export interface EventType<T = unknown> {
  /** Past tense, owner first, version last: `order.placed.v1`. */
  type: string
  topic: Topic
  data: z.ZodType<T>
}

export function eventType<T>(topic: Topic, type: string, data: z.ZodType<T>): EventType<T> {
  return { type, topic, data }
}
