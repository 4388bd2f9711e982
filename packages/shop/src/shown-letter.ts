import type { DeadLetter } from '@lepton/events/dead-letters/dead-letter'

/** A dead letter as operators see it. */
export function shownLetter(service: string, letter: DeadLetter) {
  const { id, part, off, pub_seq, headers } = letter
  return {
    ...letter,
    letter_id: `${service}-${id}`,
    partition: part,
    offset: off,
    sequence: pub_seq,
    event_type: headers.ce_type ?? null,
  }
}

/** A card's token is for the payment service alone. */
export function withoutCard(payload: Buffer): Buffer {
  return Buffer.from(payload.toString().replace(/("payment_token"\s*:\s*)"[^"]*"/g, '$1"(hidden)"'))
}
