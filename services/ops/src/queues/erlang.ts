/** A queue with Poisson arrivals, exponential service and several equal servers (M/M/c) at rest. */
export interface Prediction {
  /** The share of arrivals that have to wait (Erlang C). */
  waits: number
  wait_s: number
  /** Wait and service. */
  time_s: number
  /** Waiting or in service, by Little: L = λW. */
  length: number
}

/**
 * The share of arrivals that find all servers busy: Erlang C, by way of Erlang B's recursion, which does not overflow.
 *
 * @param load λ/μ, in erlangs; less than `servers`
 */
export function erlangC(servers: number, load: number): number {
  let blocked = 1
  for (let count = 1; count <= servers; count++) blocked = (load * blocked) / (count + load * blocked)
  return blocked / (1 - (load / servers) * (1 - blocked))
}

/** Undefined where more arrives than can be served: such a queue has no rest. */
export function predict({
  arrivalsPerS,
  servedPerS,
  servers,
}: {
  arrivalsPerS: number
  servedPerS: number
  servers: number
}): Prediction | undefined {
  const room = servers * servedPerS - arrivalsPerS
  if (servers < 1 || room <= 0) return undefined
  const waits = erlangC(servers, arrivalsPerS / servedPerS)
  const wait_s = waits / room
  const time_s = wait_s + 1 / servedPerS
  return { waits, wait_s, time_s, length: arrivalsPerS * time_s }
}
