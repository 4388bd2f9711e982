const BATCH = Buffer.from('lepton events v1\n')
const TEXT = /^v1\.([\w-]{1,100})\.([\w-]{86})\.([\w-]{0,704})$/

export interface Signature {
  /** Names the key. */
  kid: string
  /** Over the root of the batch that the record was sent in. */
  signature: Buffer
  /** Leads from the record to that root. */
  path: Buffer
}

/** What a key signs: nothing else that it might ever sign begins like this. */
export function statementOf(root: Buffer): Buffer {
  return Buffer.concat([BATCH, root])
}

export function signatureText({ kid, signature, path }: Signature): string {
  return ['v1', kid, signature.toString('base64url'), path.toString('base64url')].join('.')
}

export function parseSignature(text: string): Signature | undefined {
  const [, kid, signature, path] = TEXT.exec(text) ?? []
  if (kid === undefined || signature === undefined || path === undefined) return undefined
  return { kid, signature: Buffer.from(signature, 'base64url'), path: Buffer.from(path, 'base64url') }
}
