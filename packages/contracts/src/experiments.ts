import { z } from 'zod'
import { Instant, Reason } from './fields.ts'
import { PATTERNS } from './patterns.ts'
import { Recording, RecordingProgress } from './recordings.ts'
import { route } from './route.ts'

/** An experiment is ended after so long, whatever it has come to. */
export const EXPERIMENT_MAX_S = 300

/** What the ops service gives the launcher to run. */
export const ExperimentRequest = z.object({
  pattern: z.enum(PATTERNS),
  seed: z.int().min(0).max(999_999),
})
export type ExperimentRequest = z.infer<typeof ExperimentRequest>

/** Two shops of their own, beside this one, that are attacked in the same way: one with a pattern, one without it. */
export const Experiment = z.object({
  id: z.string(),
  ...ExperimentRequest.shape,
  state: z.enum(['running', 'done', 'stopped', 'failed']),
  started_at: Instant,
  ended_at: Instant.nullable(),
  progress: RecordingProgress.nullable(),
  /** Why it failed. */
  problem: z.string().nullable(),
})
export type Experiment = z.infer<typeof Experiment>

export const Experiments = z.object({
  allowed: z.boolean(),
  reason: z.string().optional(),
  /** What to type instead; `PATTERN` stands for the pattern. */
  command: z.string().optional(),
  max_s: z.int(),
  /** The latest first. */
  items: z.array(Experiment),
})
export type Experiments = z.infer<typeof Experiments>

const operator = { owner: 'ops', access: ['operator'] } as const
const ExperimentId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be the id of an experiment')
  .meta({ examples: ['lab-0'] })
const OfExperiment = z.strictObject({ experiment: ExperimentId })

export const listExperiments = route({
  ...operator,
  operation: 'list_experiments',
  method: 'GET',
  path: '/ops/experiments',
  summary: 'Whether patterns can be left out here, and what came of the latest experiments',
  answers: { 200: Experiments },
  problems: [],
})

export const startExperiment = route({
  ...operator,
  operation: 'start_experiment',
  method: 'POST',
  path: '/ops/experiments',
  summary:
    'Leave a pattern out: attacks a shop without it and one with it, both beside this shop; one experiment at a time',
  idempotency: 'required',
  body: z
    .strictObject({
      without: z.enum(PATTERNS),
      seed: ExperimentRequest.shape.seed.default(1),
      reason: Reason,
    })
    .meta({ examples: [{ without: 'tombstone', seed: 1, reason: 'trying it out' }] }),
  answers: { 202: Experiment },
  problems: ['not-possible-here', 'request-in-progress'],
})

export const stopExperiment = route({
  ...operator,
  operation: 'stop_experiment',
  method: 'DELETE',
  path: '/ops/experiments/:experiment',
  summary: 'End an experiment before its time; its shops are stopped and their files deleted',
  idempotency: 'required',
  params: OfExperiment,
  body: z.strictObject({ reason: Reason }).meta({ examples: [{ reason: 'seen enough' }] }),
  answers: { 202: Experiment },
  problems: ['not-possible-here', 'not-found'],
})

export const getRecording = route({
  ...operator,
  operation: 'get_recording',
  method: 'GET',
  path: '/ops/experiments/:experiment/recording',
  summary: 'What came of an experiment, as it can be shown again',
  params: OfExperiment,
  answers: { 200: Recording },
  problems: ['not-possible-here', 'not-found'],
})

export const EXPERIMENT_ROUTES = [listExperiments, startExperiment, stopExperiment, getRecording]
