/** A key that no other request has: 128 random bits. Not `randomUUID`, which browsers have on pages with TLS and on localhost only. */
export function freshKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
