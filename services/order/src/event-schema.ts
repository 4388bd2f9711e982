import { refuse } from '@lepton/shop/refuse'
import { z } from 'zod'

/** What zod reads of JSON Schema and runs in a time that the data's length bounds: no patterns, no references. */
const REFUSED = [
  'pattern',
  'patternProperties',
  'propertyNames',
  '$ref',
  '$dynamicRef',
  '$defs',
  'definitions',
  'not',
  'if',
]
const MAX_DEPTH = 16
const MAX_CHARACTERS = 16_000
const MAX_FAULTS = 20

type Schema = Record<string, unknown>

/** @throws Refusal that names what cannot be taken of a JSON Schema */
export function readSchema(schema: Schema): z.ZodType {
  const errors = [...refusedIn(schema, '/schema')]
  if (schema['type'] !== 'object') errors.push({ pointer: '/schema/type', detail: 'must be object' })
  if (JSON.stringify(schema).length > MAX_CHARACTERS)
    errors.push({ pointer: '/schema', detail: `must be ${MAX_CHARACTERS} characters at most` })
  if (errors.length > 0) throw refuse('invalid-request', 'Some fields are invalid.', { errors })
  try {
    return z.fromJSONSchema(schema)
  } catch (error) {
    throw refuse('invalid-request', 'This is not a JSON Schema that can be read.', {
      errors: [{ pointer: '/schema', detail: (error as Error).message }],
    })
  }
}

/** What is wrong with data, field by field. */
export function faultsIn(data: unknown, schema: Schema): { pointer: string; detail: string }[] {
  const { error } = readSchema(schema).safeParse(data)
  return (error?.issues ?? []).slice(0, MAX_FAULTS).map(({ path, message }) => ({
    pointer: `/event_data${path.map((part) => `/${String(part)}`).join('')}`,
    detail: message,
  }))
}

/** @param isNames whether the keys are names of properties, and so no keywords */
function* refusedIn(
  schema: unknown,
  pointer: string,
  { depth = 1, isNames = false } = {},
): Generator<{ pointer: string; detail: string }> {
  if (schema === null || typeof schema !== 'object') return
  if (depth > MAX_DEPTH) {
    yield { pointer, detail: 'is nested too deeply' }
    return
  }
  for (const [name, value] of Object.entries(schema)) {
    const below = `${pointer}/${name}`
    if (!isNames && REFUSED.includes(name)) yield { pointer: below, detail: 'is not supported' }
    yield* refusedIn(value, below, { depth: depth + 1, isNames: !isNames && name === 'properties' })
  }
}
