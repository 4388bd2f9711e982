import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { createOpen, createSeal, NotOpened } from './sealed-card.ts'

const ORDER = '01a1fea5-ba4b-71f4-85de-696148493360'
const OTHER = '01a1fea5-ba4b-71f4-85de-696148493361'

function createKeys(kid: string): { privateJwk: string; publicJwk: string } {
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  return {
    privateJwk: JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid }),
    publicJwk: JSON.stringify({ ...publicKey.export({ format: 'jwk' }), kid }),
  }
}

const keys = createKeys('payment-1')
const [seal, open] = [createSeal(keys.publicJwk), createOpen(keys.privateJwk)]

it('is opened by the key that it is for, and says nothing of what is in it', () => {
  const sealed = seal('tok_approved', ORDER)
  expect(open(sealed, ORDER)).toBe('tok_approved')
  expect(sealed).not.toContain('tok')
  expect(Buffer.from(sealed.split('.')[2]!, 'base64url').toString('latin1')).not.toContain('tok')
  expect(seal('tok_approved', ORDER)).not.toBe(sealed)
})

it('opens nothing for another order, by another key, or after a change', () => {
  const sealed = seal('tok_approved', ORDER)
  const last = sealed.at(-1) === 'A' ? 'B' : 'A'
  const wrong: [string, string][] = [
    [sealed, OTHER],
    [`${sealed.slice(0, -4)}${last.repeat(4)}`, ORDER],
    [`${sealed.slice(0, 30)}${last}${sealed.slice(31)}`, ORDER],
    [sealed.slice(0, 60), ORDER],
    [createSeal(createKeys('payment-1').publicJwk)('tok_approved', ORDER), ORDER],
    [createSeal(createKeys('payment-2').publicJwk)('tok_approved', ORDER), ORDER],
  ]
  for (const [text, orderId] of wrong) expect(() => open(text, orderId)).toThrow(NotOpened)
})

it('leaves a token of an event from before as it is', () => {
  expect(open('tok_approved', ORDER)).toBe('tok_approved')
})
