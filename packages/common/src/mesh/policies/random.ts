import { type Policy, type PolicyDeps, untried } from './policy.ts'

/** Each candidate as often as any other, in no order. */
export function atRandom({ random }: PolicyDeps): Policy {
  return (candidates, { tried }) => {
    const left = untried(candidates, tried)
    return left[Math.floor(random() * left.length)]
  }
}
