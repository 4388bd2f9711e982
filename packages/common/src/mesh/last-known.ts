import { join } from 'node:path'
import { z } from 'zod'
import { createKeptFile, type KeptFile, type KeptFileOptions } from './kept-file.ts'

const LastKnown = z.object({
  instances: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      address: z.string(),
      port: z.number(),
      tags: z.array(z.string()),
      meta: z.record(z.string(), z.string()),
      isWarning: z.boolean(),
      weight: z.number().default(1),
    }),
  ),
})
type LastKnown = z.infer<typeof LastKnown>

/** The instances of a service, as the catalogue named them last. */
export function lastKnownInstances(
  stateDir: string,
  service: string,
  options: Pick<KeptFileOptions<LastKnown>, 'onError' | 'now' | 'date'>,
): KeptFile<LastKnown> {
  const path = join(stateDir, `discovery-${encodeURIComponent(service)}.json`)
  return createKeptFile({ path, schema: LastKnown, ...options })
}
