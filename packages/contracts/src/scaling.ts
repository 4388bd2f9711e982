import { z } from 'zod'
import { Instant } from './fields.ts'
import { route } from './route.ts'

/** A service that is sized by load, within the limits that an operator set. */
export const ScalingView = z.object({
  service: z.string(),
  min: z.int(),
  max: z.int(),
  on: z.enum(['lag', 'cpu', 'in_flight', 'wait']),
  target: z.number(),
  /** Instances that run, or are about to. */
  size: z.int(),
  /** The figure that decides, beside its target. */
  words: z.string(),
  changed_at: Instant.nullable(),
})
export type ScalingView = z.infer<typeof ScalingView>

export const listScaling = route({
  owner: 'ops',
  access: ['operator'],
  problems: [],
  operation: 'list_scaling',
  method: 'GET',
  path: '/ops/scaling',
  summary: 'Services that are sized by load, and what decides their size now',
  answers: { 200: z.object({ items: z.array(ScalingView) }) },
})

export const SCALING_ROUTES = [listScaling]
