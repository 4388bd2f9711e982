import { hash } from 'node:crypto'

export const SIGNATURE_HEADER = 'lepton-signature'

const EVENT = 'lepton event v1\n'

export interface SignedContent {
  topic: string
  key: string
  headers: Readonly<Record<string, string>>
  value: string | Buffer | null
}

/**
 * What a signature is over: topic, key, every header of the event itself, and the bytes.
 *
 * Headers that others may add on the way, and those of the trace, are left out.
 */
export function digestOf({ topic, key, headers, value }: SignedContent): Buffer {
  const names = Object.keys(headers)
    .filter((name) => name.startsWith('ce_'))
    .sort()
  // JSON has no raw line end: what is before it cannot be taken for what is behind it.
  const head = JSON.stringify([topic, key, names.map((name) => [name, headers[name]])])
  const before = `${EVENT}${head}\n`
  const content = Buffer.isBuffer(value)
    ? Buffer.concat([Buffer.from(before), value])
    : before + (value ?? '')
  return hash('sha256', content, 'buffer')
}
