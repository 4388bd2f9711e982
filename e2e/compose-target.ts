import type { Target } from './target.ts'

/** A shop that Docker Compose runs from this checkout. */
export function composeTarget(_url: string): Promise<Target> {
  return Promise.reject(new Error('not there yet'))
}
