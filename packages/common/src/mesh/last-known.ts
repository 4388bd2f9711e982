import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ServiceInstance } from './consul.ts'

const lastKnownFile = z.object({
  saved_at: z.iso.datetime(),
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

function pathOf(stateDir: string, service: string): string {
  return join(stateDir, `discovery-${encodeURIComponent(service)}.json`)
}

/** The list saved last, or nothing when there is none that is young and readable: it is a help, never a need. */
export async function loadLastKnown(
  stateDir: string,
  service: string,
  { maxAgeMs, now }: { maxAgeMs: number; now: Date },
): Promise<ServiceInstance[]> {
  const text = await readFile(pathOf(stateDir, service), 'utf8').catch(() => undefined)
  if (text === undefined) return []
  const parsed = lastKnownFile.safeParse(jsonOrUndefined(text))
  if (!parsed.success || now.getTime() - Date.parse(parsed.data.saved_at) > maxAgeMs) return []
  return parsed.data.instances
}

/** Replaces the file in one step: a reader, or a crash, sees the old list or the new one. */
export async function saveLastKnown(
  stateDir: string,
  service: string,
  { instances, now }: { instances: ServiceInstance[]; now: Date },
): Promise<void> {
  const path = pathOf(stateDir, service)
  const draft = `${path}.${randomUUID()}.tmp`
  await mkdir(stateDir, { recursive: true })
  try {
    await writeFile(draft, JSON.stringify({ saved_at: now.toISOString(), instances }))
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
