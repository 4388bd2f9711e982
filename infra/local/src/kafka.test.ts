import { expect, test } from '@jest/globals'
import { clusterId } from './kafka.ts'

test('a cluster id is 22 characters of base64url and never begins like a flag', () => {
  for (let first = 0; first < 256; first += 1) {
    expect(clusterId(Buffer.alloc(16, first))).toMatch(/^[A-Za-z0-9_][\w-]{21}$/)
  }
})
