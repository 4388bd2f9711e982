import type { Mood } from './scenarios.ts'

/** What is asked: `read` may be repeated, `write` may not, and `dependent` is a read that needs another service. */
export type Kind = 'read' | 'write' | 'dependent'
export const KINDS: readonly Kind[] = ['read', 'write', 'dependent']

/** What one instance answers to one request, and when. */
export interface Verdict {
  status: number
  afterMs: number
  /** The service to blame, where it is another. */
  fault?: string
}

interface Serving {
  port: number
  /** Ends as its own documentation asks of a SIGTERM. */
  stop(): Promise<void>
}

export interface Where {
  service: string
  consul: string
  ports: readonly number[]
}

/** A client of three instances, and what it needs them to be. */
export interface FaultPeer {
  serve(
    own: { service: string; name: string; port: number; consul: string },
    ask: (kind: Kind) => Verdict,
  ): Promise<Serving>
  /** `call` gives a status, or throws where there was no answer. */
  connect(where: Where): Promise<{ call(kind: Kind): Promise<number>; close(): Promise<void> }>
}

const USUAL_MS = 20

/** How an instance in a mood answers. */
export function createVerdicts(): { change(mood: Mood): void; next(kind: Kind): Verdict } {
  let mood: Mood = 'well'
  return {
    change: (next) => void (mood = next),
    next(kind) {
      const usual = { status: 200, afterMs: USUAL_MS }
      switch (mood) {
        case 'slow':
          return { ...usual, afterMs: 10 * USUAL_MS }
        case '500':
        case '401':
          return { status: Number(mood), afterMs: 0 }
        case 'one 500':
          mood = 'well'
          return { ...usual, status: 500 }
        case 'without its dependency':
          return kind === 'dependent' ? { ...usual, status: 503, fault: 'inventory' } : usual
        case 'well':
          return usual
      }
    },
  }
}
