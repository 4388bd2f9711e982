import { accessSync, constants, readFileSync } from 'node:fs'
import { BlockList, isIPv6 } from 'node:net'
import { z } from 'zod'

export class ConfigError extends Error {}

/**
 * Reads a program's settings, or ends it with a sentence for each that is missing or wrong: a person who
 * starts it by hand needs to know what to set, and a stack does not say that.
 */
export function configOrExit<S extends z.ZodObject>(schema: S): Readonly<z.infer<S>> {
  try {
    return loadConfig(schema)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}

/**
 * Reads settings from the environment, once, at start.
 *
 * All faults are reported together, so that a wrong deployment is fixed in one round. An empty
 * variable counts as absent. The result is frozen: settings are values, passed as arguments.
 *
 * @throws ConfigError that names each variable and what it should be
 */
export function loadConfig<S extends z.ZodObject>(
  schema: S,
  env: Record<string, string | undefined> = process.env,
): Readonly<z.infer<S>> {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => {
      const value = env[name]
      return value === undefined || value === '' ? [] : [[name, value]]
    }),
  )
  const parsed = schema.safeParse(given)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
    throw new ConfigError(`The environment is not complete:\n${faults.join('\n')}`)
  }
  return Object.freeze(parsed.data)
}

/** A duration or count setting: a whole number in the range, with its default. */
export function whole(fallback: number, { min = 1, max = 2_147_483_647 } = {}) {
  return z.coerce.number().int().min(min).max(max).default(fallback)
}

/** A setting that names a file; its content, without the line end, is the value. */
export function fileContent() {
  return z.string().transform((path, context) => {
    try {
      return readFileSync(path, 'utf8').trim()
    } catch (error) {
      context.addIssue(`cannot be read: ${(error as Error).message}`)
      return z.NEVER
    }
  })
}

/** A setting that names a file which is read again while the process runs: it must be readable at the start. */
export function filePath() {
  return z
    .string()
    .min(1)
    .superRefine((path, context) => {
      try {
        accessSync(path, constants.R_OK)
      } catch (error) {
        context.addIssue(`cannot be read: ${(error as Error).message}`)
      }
    })
}

/** Ranges of addresses, such as `127.0.0.0/8,::1/128`; none where the fallback is empty and nothing is given. */
export function addressRanges(fallback: string) {
  return z
    .string()
    .default(fallback)
    .transform((ranges, context) => {
      const list = new BlockList()
      for (const range of ranges.split(',').filter((one) => one.trim() !== '')) {
        const [network = '', prefix] = range.trim().split('/')
        try {
          list.addSubnet(network, Number(prefix), isIPv6(network) ? 'ipv6' : 'ipv4')
        } catch {
          context.addIssue(`${range} is not a range such as 127.0.0.0/8`)
        }
      }
      return list
    })
}
