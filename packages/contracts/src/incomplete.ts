import { z } from 'zod'
import { Instant } from './fields.ts'

/** A service that gave no part of an answer over several, with the slug of its problem. */
export const Incomplete = z.object({ service: z.string(), problem: z.string() })
export type Incomplete = z.infer<typeof Incomplete>

/** Services whose part is missing; empty where the answer is whole. */
export const incomplete = z.array(Incomplete)

/** What every answer over several services says of itself. */
export const partial = {
  /** When the parts were asked for. */
  as_of: Instant,
  incomplete,
}
