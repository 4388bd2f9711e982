/** Where a server listens, as its peer wrote it; it goes from process to process as JSON. */
export type Place = Record<string, string | number>

/** One way to ask another process, with what it needs on both sides. */
export interface Peer {
  serve(): Promise<Place>
  connect(place: Place): Promise<{ call(question: unknown): Promise<unknown>; close(): Promise<void> }>
}

/** About 1 KiB of JSON, there and back. */
export const QUESTION = {
  order_id: '019a1fea-ba4b-71f4-85de-696148493360',
  lines: Array.from({ length: 14 }, (_, index) => ({
    item_id: `product-${index}`,
    quantity: index,
    price_minor: 1_250,
  })),
}

export const answerTo = (question: unknown) => ({ ok: true, question })
